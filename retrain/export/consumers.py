"""How programs use an export, as its model card says: from a file to pixels, from pixels to probabilities.

`THIS_DIRECTORY` stands for the export and `PICTURE.jpg` for an image. Tests run all of it.
"""

import os
from collections.abc import Mapping
from typing import Any

from retrain.modules.sources.path_sources import TF1_HUB_FILE

OF_FILES = """\
import tensorflow as tf

classifier = tf.saved_model.load("THIS_DIRECTORY")
found = classifier.signatures["serving_bytes"](image_bytes=tf.stack([tf.io.read_file('PICTURE.jpg')]))
classes, scores = found[{classes}].numpy(), found[{scores}].numpy()"""
LOADED = """\
import tensorflow as tf

classifier = tf.saved_model.load("THIS_DIRECTORY"{tags})
image = {image}
probabilities = classifier.signatures["{serving}"](images=image[None])[{output}].numpy()"""
KERAS = """\
import keras
import tensorflow as tf

classifier = keras.layers.TFSMLayer("THIS_DIRECTORY", call_endpoint="{serving}")
image = {image}
probabilities = classifier(image[None])[{output}]"""
HUB = """\
import retrain.modules as hub
import tensorflow as tf

module = hub.Module("THIS_DIRECTORY")  # in a graph of TensorFlow 1 that of tensorflow_hub 0.15 does the same
image = {image}
logits = module(dict(images=image[None]), signature={signature}, as_dict=True)["default"]"""
RETRAIN = """\
import retrain

table = retrain.predict("PICTURE.jpg", tfhub_module="THIS_DIRECTORY")"""


def decoding(height: int, width: int) -> dict[str, str]:
    """By library a line from "PICTURE.jpg" to float32 [height, width, 3] in [0, 1].

    Bilinear between half-pixel centres, without antialiasing, as training resizes: of Pillow `transform`
    does so, `resize` does not.
    """
    return {
        "TensorFlow": "tf.image.resize(tf.io.decode_image(tf.io.read_file('PICTURE.jpg'), channels=3, "
        f"expand_animations=False), ({height}, {width})) / 255",
        "Pillow, NumPy": "np.asarray((image := ImageOps.exif_transpose(Image.open('PICTURE.jpg')).convert("
        f"'RGB')).transform(({width}, {height}), Image.Transform.EXTENT, (0, 0, *image.size), "
        "Image.Resampling.BILINEAR), np.float32) / 255",
        "OpenCV": "cv2.resize(cv2.imread('PICTURE.jpg')[..., ::-1].astype('float32'), "
        f"({width}, {height}), interpolation=cv2.INTER_LINEAR) / 255",
        "PyTorch": "torch.nn.functional.interpolate(torchvision.io.decode_image('PICTURE.jpg', 'RGB')[None]."
        f"float(), ({height}, {width}), mode='bilinear', antialias=False)[0].permute(1, 2, 0) / 255",
        "TensorFlow.js": f"tf.image.resizeBilinear(tf.browser.fromPixels(picture), [{height}, {width}], "
        "false, true).div(255)",
    }


def consumers(directory: str, described: Mapping[str, Any]) -> dict[str, str]:
    """By consumer the code that uses an export of this description, by the files that are there."""
    first, *others = described["tasks"]
    words = {
        "image": decoding(*described["image_size"])["TensorFlow"],
        "output": repr(first if others else "default"),
        "serving": described["serving"]["images"],
        "classes": repr(f"classes/{first}" if others else "classes"),
        "scores": repr(f"scores/{first}" if others else "scores"),
        "signature": repr(described["tasks"][first]["signature"]),
    }
    if os.path.isfile(os.path.join(directory, TF1_HUB_FILE)):
        code = {"TensorFlow 2": LOADED.format(**words, tags=", tags=[]"), "hub.Module": HUB.format(**words)}
    else:
        code = {
            "TensorFlow, of files": OF_FILES.format(**words),
            "TensorFlow": LOADED.format(**words, tags=""),
            "Keras": KERAS.format(**words),
        }
    return {**code, "retrain": RETRAIN}
