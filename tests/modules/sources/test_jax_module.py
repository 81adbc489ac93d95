"""A network of JAX, as jax2tf writes it into a reusable SavedModel: skipped where JAX is not installed."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from retrain.export import MODULES, exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.loading import load_module

jax = pytest.importorskip("jax")
jax_network = pytest.importorskip("tests.jax_network", exc_type=ImportError)
PARAMETERS, SIDE, network = jax_network.PARAMETERS, jax_network.SIDE, jax_network.network


@pytest.fixture(scope="module")
def handle(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("jax") / "module")
    subprocess.run([sys.executable, "-m", "tests.jax_network", path], check=True)
    return path


def images() -> np.ndarray:
    return np.random.default_rng(1).random([4, SIDE, SIDE, 3], np.float32)


def test_features_and_gradients_are_those_of_jax(handle):
    module = load_module(handle)
    np.testing.assert_allclose(module(images()), network(PARAMETERS, images()), rtol=1e-5, atol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(images(), training=True) ** 2)
    gradients = tape.gradient(loss, list(module.trainable_variables))
    expected = jax.grad(lambda of: (network(of, images()) ** 2).sum())(PARAMETERS)
    for variable, gradient in zip(module.trainable_variables, gradients, strict=True):
        name = variable.name.partition(":")[0].rpartition("/")[2]
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-4, atol=1e-5)


def test_it_conforms(handle):
    assert conforms(check(ExaminedModule(handle)))


@pytest.mark.parametrize("form", MODULES)
def test_it_is_exported(handle, form, tmp_path: pathlib.Path):
    """To be used; the gradients that JAX wrote do not go with the graph, so that it is not trained again."""
    model = ImageClassifier(load_module(handle), {"label": SoftmaxHead(["a", "b"])}, train_base=True)
    exporter(form)(model, str(tmp_path / form))
    again = load_module(str(tmp_path / form))
    np.testing.assert_allclose(again(images()), model.base(images()), rtol=1e-5, atol=1e-6)
