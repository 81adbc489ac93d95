"""A network of JAX, as jax2tf writes it into a reusable SavedModel: skipped where JAX is not installed."""

import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from retrain.exporters import MODULES
from retrain.modules.image_module import ImageModule
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


EXPORT = """
    import sys
    from retrain.exporters import MODULES, exporter
    from retrain.heads.softmax import SoftmaxHead
    from retrain.model import ImageClassifier
    from retrain.modules.loading import load_module

    base = load_module(sys.argv[1])
    classifier = ImageClassifier(base, {"label": SoftmaxHead(["a", "b"])}, train_base=True)
    for form in MODULES:
        exporter(form)(classifier, f"{sys.argv[2]}/{form}")
"""


@pytest.fixture(scope="module")
def exports(handle, tmp_path_factory) -> pathlib.Path:
    """A directory for each format, written by a process of its own: only what they hold is known here."""
    directory = tmp_path_factory.mktemp("exports")
    subprocess.run([sys.executable, "-c", textwrap.dedent(EXPORT), handle, str(directory)], check=True)
    return directory


def gradients(module: ImageModule) -> list[np.ndarray]:
    """Those of the kernel and the bias, by name."""
    variables = {"bias": None, "kernel": None} | {
        variable.name.partition(":")[0].rpartition("/")[2]: variable
        for variable in module.trainable_variables
        if "head" not in variable.name and "label" not in variable.name
    }
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(images(), training=True) ** 2)
    return [found.numpy() for found in tape.gradient(loss, [variables["kernel"], variables["bias"]])]


@pytest.mark.parametrize("form", MODULES)
def test_an_export_gives_the_same_features(handle, exports, form):
    features = load_module(str(exports / form))(images())
    np.testing.assert_allclose(features, load_module(handle)(images()), rtol=1e-5, atol=1e-6)


def test_a_saved_model_is_trained_again(handle, exports):
    for found, expected in zip(
        gradients(load_module(str(exports / "saved_model"))), gradients(load_module(handle)), strict=True
    ):
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_tf1_hub_module_is_not(exports):
    handle = str(exports / "hub_module")
    with pytest.raises(InputError) as info:
        load_module(handle)(images(), training=True)
    program = next(word for word in str(info.value).split("'") if word.endswith("XlaCallModule"))
    sentence = (
        f"{handle!r} computes 'image_feature_vector' in a program of JAX ({program!r}), through which a TF1 "
        f"Hub module cannot be trained; fine-tune the SavedModel that was exported beside it, or use this "
        f"one frozen."
    )
    assert str(info.value) == sentence
    with pytest.raises(InputError) as info:
        hub.Module(handle, trainable=True)(images(), signature="image_feature_vector")
    assert str(info.value) == sentence
