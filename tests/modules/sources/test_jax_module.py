"""A network of JAX, as jax2tf writes it into a reusable SavedModel: skipped where JAX is not installed."""

import pathlib

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
SIDE, CHANNELS = 16, 5
PARAMETERS = {
    "kernel": np.random.default_rng(0).normal(size=(3, 3, 3, CHANNELS)).astype(np.float32),
    "bias": np.linspace(-1, 1, CHANNELS, dtype=np.float32),
}


def network(parameters, images):
    """A convolution and an average."""
    numbers = ("NHWC", "HWIO", "NHWC")
    places = jax.lax.conv_general_dilated(
        images, parameters["kernel"], (2, 2), "SAME", dimension_numbers=numbers
    )
    return jax.numpy.tanh(places + parameters["bias"]).mean((1, 2))


@pytest.fixture(scope="module")
def handle(tmp_path_factory) -> str:
    from jax.experimental import jax2tf

    root = tf.train.Checkpoint()
    root.parameters = {name: tf.Variable(value, name=name) for name, value in PARAMETERS.items()}
    root.variables = root.trainable_variables = list(root.parameters.values())
    converted = jax2tf.convert(network, polymorphic_shapes=[None, "(b, ...)"], with_gradient=True)
    root.__call__ = tf.function(
        lambda images, training=False: converted(dict(root.parameters), images), autograph=False
    )
    for training in (False, True):
        spec = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)
        root.__call__.get_concrete_function(spec, training=training)
    path = tmp_path_factory.mktemp("jax") / "module"
    tf.saved_model.save(root, str(path))
    return str(path)


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
