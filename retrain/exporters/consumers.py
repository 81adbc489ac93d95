"""How programs use an export, as its model card says: from a file to pixels, from pixels to probabilities.

`THIS_DIRECTORY` stands for the export and `PICTURE.jpg` for an image. Tests run all of it.
"""

import os
import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any

from retrain.modules.signatures import IMAGES
from retrain.modules.sources.path_sources import TF1_HUB_FILE

# A frozen graph: what its input is called, and the file beside it that names its output.
GRAPH_INPUT, OUTPUT_NAME_FILE = "Placeholder", "output_name.txt"
# A file of Keras, and what has layers that it may name, beside Keras.
KERAS_MODEL, OF_RETRAIN, OF_KERAS_HUB = "model.keras", "retrain.keras", "keras_hub"

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
JAX = """\
import tensorflow as tf
from jax.experimental import jax2tf

classifier = tf.saved_model.load("THIS_DIRECTORY")
image = {image}
classify = jax2tf.call_tf(lambda images: classifier.signatures["{serving}"](images=images))
probabilities = classify(image.numpy()[None])[{output}]"""
TENSORFLOW_JS = (
    "tensorflowjs_converter --input_format=tf_saved_model --signature_name={serving} THIS_DIRECTORY JS"
)
HUB = """\
import retrain.modules as hub
import tensorflow as tf

module = hub.Module("THIS_DIRECTORY")  # in a graph of TensorFlow 1 that of tensorflow_hub 0.15 does the same
image = {image}
logits = module(dict(images=image[None]), signature={signature}, as_dict=True)["default"]
probabilities = tf.nn.{function}(logits / {temperature})"""
LITERT = """\
# pip install ai-edge-litert pillow
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

image = {pillow}
classify = Interpreter("THIS_DIRECTORY/model.tflite").get_signature_runner("serving_default")
probabilities = classify(images=image[None])[{output}]"""
MEDIAPIPE = """\
# pip install mediapipe
import mediapipe
from mediapipe.tasks.python.vision import ImageClassifier

image = mediapipe.Image.create_from_file("PICTURE.jpg")  # it is resized by MediaPipe in its own way
with ImageClassifier.create_from_model_path("THIS_DIRECTORY/model.tflite") as classifier:
    found = classifier.classify(image).classifications[0].categories"""
ONNX = """\
# pip install onnxruntime pillow
import numpy as np
import onnxruntime
from PIL import Image, ImageOps

image = {pillow}
session = onnxruntime.InferenceSession("THIS_DIRECTORY/model.onnx")
[probabilities] = session.run([{output}], dict(images=image[None]))"""
OPENVINO = """\
# pip install openvino pillow
import numpy as np
import openvino
from PIL import Image, ImageOps

image = {pillow}
exact = dict(INFERENCE_PRECISION_HINT="f32")  # without it, CPUs that compute in bfloat16 give others
classify = openvino.Core().compile_model("THIS_DIRECTORY/model.xml", "CPU", exact)
probabilities = classify(image[None])[{output}]"""
KERAS_FILE = """\
import keras
{needed}import tensorflow as tf

classifier = keras.saving.load_model("THIS_DIRECTORY/model.keras")
image = {image}
probabilities = classifier(image[None])[{output}]"""
FROZEN_GRAPH = """\
import tensorflow as tf

graph = tf.compat.v1.GraphDef.FromString(tf.io.read_file("THIS_DIRECTORY/model.pb").numpy())
whole = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
image = {image}
probabilities = whole.prune("{graph_input}:0", "{graph_output}:0")(image[None])"""
# Of formats that are one file: its name -> consumers.
FILES = {
    "model.tflite": {"LiteRT": LITERT, "MediaPipe": MEDIAPIPE},
    "model.onnx": {"ONNX Runtime": ONNX},
    "model.xml": {"OpenVINO": OPENVINO},
    KERAS_MODEL: {"Keras": KERAS_FILE},
    "model.pb": {"TensorFlow": FROZEN_GRAPH},
}
# Those in which no condition stops a graph: they take pixels in [0, 255] as they take any.
UNCONDITIONAL = {"model.tflite", "model.onnx", "model.xml"}
RETRAIN = """\
import retrain

table = retrain.predict("PICTURE.jpg", tfhub_module="THIS_DIRECTORY")"""


def decoding(height: int, width: int, antialias: bool) -> dict[str, str]:
    """By library a line from "PICTURE.jpg", which is opaque, to float32 [height, width, 3] in [0, 1].

    Bilinear between half-pixel centres, as training resizes: of Pillow `transform` does so without antialias,
    and `resize` with it, band by band in floats, lest they be rounded. With it OpenCV has none, and browsers
    have averages of another form.
    """
    of_pillow = f"resize(({width}, {height}), Image.Resampling.BILINEAR)"
    if not antialias:
        of_pillow = (
            f"transform(({width}, {height}), Image.Transform.EXTENT, (0, 0, *band.size), "
            "Image.Resampling.BILINEAR)"
        )
    lines = {
        "TensorFlow": "tf.image.resize(tf.io.decode_image(tf.io.read_file('PICTURE.jpg'), channels=3, "
        f"expand_animations=False), ({height}, {width}){', antialias=True' if antialias else ''}) / 255",
        "Pillow, NumPy": f"np.stack([band.convert('F').{of_pillow} for band in ImageOps.exif_transpose("
        "Image.open('PICTURE.jpg')).convert('RGB').split()], -1) / 255",
        "PyTorch": "torch.nn.functional.interpolate(torchvision.io.decode_image('PICTURE.jpg', 'RGB')[None]."
        f"float(), ({height}, {width}), mode='bilinear', antialias={antialias})[0].permute(1, 2, 0) / 255",
    }
    return {**lines, **(_nearly(height, width) if antialias else _without_antialias(height, width))}


def _nearly(height: int, width: int) -> dict[str, str]:
    return {
        "TensorFlow.js, nearly": "tf.browser.fromPixels(await createImageBitmap(picture, {resizeWidth: "
        f"{width}, resizeHeight: {height}, resizeQuality: 'high'}})).div(255)"
    }


def _without_antialias(height: int, width: int) -> dict[str, str]:
    return {
        "OpenCV": "cv2.resize(cv2.imread('PICTURE.jpg')[..., ::-1].astype('float32'), "
        f"({width}, {height}), interpolation=cv2.INTER_LINEAR) / 255",
        "TensorFlow.js": f"tf.image.resizeBilinear(tf.browser.fromPixels(picture), [{height}, {width}], "
        "false, true).div(255)",
    }


def consumers(directory: str, described: Mapping[str, Any]) -> dict[str, str]:
    """By consumer the code that uses an export of this description, by the files that are there."""
    first, *others = described["tasks"]
    needed = needed_by_keras_file(directory)
    lines = decoding(*described["image_size"], described["antialias"])
    words = {
        "image": lines["TensorFlow"],
        "pillow": lines["Pillow, NumPy"],
        "output": repr(first if others else "default"),
        "serving": described["serving"].get("images", ""),
        "classes": repr(f"classes/{first}" if others else "classes"),
        "scores": repr(f"scores/{first}" if others else "scores"),
        "signature": repr(described["tasks"][first]["signature"]),
        "function": described["tasks"][first]["head"],
        "temperature": described["tasks"][first].get("temperature", 1.0),
        "needed": f"import {needed}  # has layers that the file names\n" if needed else "",
        "graph_input": GRAPH_INPUT,
        "graph_output": graph_output(directory),
    }
    if file := file_of(directory):
        return {consumer: code.format(**words) for consumer, code in FILES[file].items()}
    if os.path.isfile(os.path.join(directory, TF1_HUB_FILE)):
        code = {"TensorFlow 2": LOADED.format(**words, tags=", tags=[]"), "hub.Module": HUB.format(**words)}
    else:
        code = {
            "TensorFlow, of files": OF_FILES.format(**words),
            "TensorFlow": LOADED.format(**words, tags=""),
            "Keras": KERAS.format(**words),
            "JAX": JAX.format(**words),
        }
    return {**code, "retrain": RETRAIN}


def converted(directory: str, described: Mapping[str, Any]) -> dict[str, str]:
    """By consumer the command that makes its format of an export of this description."""
    if file_of(directory) or os.path.isfile(os.path.join(directory, TF1_HUB_FILE)):
        return {}
    return {"TensorFlow.js": TENSORFLOW_JS.format(serving=described["serving"][IMAGES])}


def file_of(directory: str) -> str:
    """The name of the file that is the model; "" of an export that is a module."""
    return next((file for file in FILES if os.path.isfile(os.path.join(directory, file))), "")


def refuses_range(directory: str) -> bool:
    """Whether the export itself refuses pixels outside of [0, 1]."""
    file = file_of(directory)
    return needed_by_keras_file(directory) == OF_RETRAIN if file == KERAS_MODEL else file not in UNCONDITIONAL


def needed_by_keras_file(directory: str) -> str:
    """What is to be imported before the .keras file of an export is loaded; "" for nothing, and of others."""
    path = pathlib.Path(directory, KERAS_MODEL)
    if not path.is_file():
        return ""
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    return next((name for name in (OF_RETRAIN, OF_KERAS_HUB) if f'"{name}' in config), "")


def graph_output(directory: str) -> str:
    """What the output of a frozen graph is called; "" of another export."""
    path = pathlib.Path(directory, OUTPUT_NAME_FILE)
    return path.read_text("utf-8") if path.is_file() else ""
