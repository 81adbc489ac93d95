"""Every name of keras.applications, with random weights and small images: both exports give what it gives.

python -m tests.benchmarks.applications [NAME ...]
"""

import pathlib
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

from retrain.exporters import MODULES, exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.sources.keras_application import IMAGE_SIZES
from retrain.settings.module import ModuleSettings

SIDE = 96  # what all of them take


def error_of(name: str, form: str, directory: str) -> float:
    """How far the features of the export are from those of the network, relative to the largest."""
    module = load_module(f"keras:{name}:none", ModuleSettings(image_size=SIDE))
    draw_vectors(module)
    exporter(form)(ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}), directory)
    images = np.random.default_rng(0).random([2, SIDE, SIDE, 3], np.float32)
    expected = module(images).numpy()
    return float(np.abs(load_module(directory)(images) - expected).max() / np.abs(expected).max())


def draw_vectors(module: ImageModule) -> None:
    """Makes biases and scales seen: many begin at 0, and ConvNeXt's at 1e-6, which hides its blocks."""
    rng = np.random.default_rng(0)
    for variable in module.trainable_variables:
        if variable.shape.rank == 1:
            variable.assign(rng.uniform(0.5, 1.0, variable.shape))


def main(names: list[str]) -> None:
    for name in names or IMAGE_SIZES:
        for form in MODULES:
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as directory:
                error = error_of(name, form, str(pathlib.Path(directory, "export")))
            print(f"{name:20} {form:12} {error:.1e} {time.monotonic() - began:6.1f} s", flush=True)
            tf.keras.backend.clear_session()


if __name__ == "__main__":
    main(sys.argv[1:])
