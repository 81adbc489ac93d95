"""Exports that are served: of one task, which tells familiarity, and of two."""

import pathlib

import pytest
import tensorflow as tf

from retrain.exporters import exporter
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.settings.data import Decoding
from tests import tiny_worlds


@pytest.fixture(scope="session")
def served_exports(averaging_module, tmp_path_factory) -> dict[str, pathlib.Path]:
    """Directories with `saved_model` and `tflite` in them."""
    from retrain.modules.loading import load_module

    base, found = load_module(averaging_module), {}
    tasks = {
        "one": {"label": SoftmaxHead([f"class {index}" for index in range(12)])},
        "two": {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["x", "y"])},
    }
    for name, heads in tasks.items():
        model = ImageClassifier(base, heads, decoding=Decoding("black", antialias=name == "two"))
        for kernel in model.kernels.values():
            kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
        model = tiny_worlds.with_familiarity(model) if name == "one" else model
        found[name] = tmp_path_factory.mktemp("served") / name
        for written in ("saved_model", "tflite"):
            exporter(written)(model, str(found[name] / written))
    return found
