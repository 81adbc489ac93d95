"""A classifier as an ONNX file: images float32 [B, H, W, 3] in [0, 1] -> probabilities, familiarity."""

import pathlib

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from retrain.exporters import AS_USUAL, Answers, ExportOptions
from retrain.exporters.documents import write_documents
from retrain.exporters.served_function import served_function
from retrain.files import new_directory, write_bytes
from retrain.model import ImageClassifier
from retrain.modules.signatures import IMAGES
from retrain.quiet import native_stderr_held

MODEL_FILE = "model.onnx"
OPSET = 17


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    with new_directory(directory) as partial:
        served = served_function(classifier)
        signature = [tf.TensorSpec([None, *classifier.image_size, 3], tf.float32, name=IMAGES)]

        # tf2onnx calls outputs as a dictionary does.
        @tf.function(input_signature=signature, autograph=False)
        def by_key(images: tf.Tensor) -> dict[str, tf.Tensor]:
            return dict(zip(served.keys, served.function(images), strict=True))

        with native_stderr_held():
            model, _ = tf2onnx.convert.from_function(by_key, signature, opset=OPSET)
        write_bytes(pathlib.Path(partial, MODEL_FILE), model.SerializeToString())
        write_documents(classifier, served.no_signatures(classifier), partial, of_run=options.of_run)


def read(directory: str) -> Answers:
    """What ONNX Runtime makes of images with the export in this directory."""
    session = onnxruntime.InferenceSession(pathlib.Path(directory, MODEL_FILE))
    names = [output.name for output in session.get_outputs()]

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {IMAGES: images}), strict=True))

    return answers
