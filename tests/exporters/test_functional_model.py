"""Classifiers of Keras models as Keras models: the same answers, in a process without retrain, too."""

import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.exporters import keras_file
from retrain.exporters.functional_model import functional_model
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings
from tests import tiny_presets, tiny_worlds
from tests.contracts.ordinal_head import OrdinalHead

HEADS = {"a kind / of": SoftmaxHead(["a", "b", "c"], temperature=0.5), "images": SigmoidHead(["x", "y"], 2.0)}
# Where retrain cannot be imported; one process for all, for its start takes longer than they.
ELSEWHERE = """
import sys
sys.modules["retrain"] = None
import keras, numpy
for directory in sys.argv[1:]:
    model = keras.saving.load_model(directory + "/model.keras")
    found = model.predict(numpy.load(directory + "/images.npy"), verbose=0)
    numpy.savez(directory + "/found.npz", **{str(place): found[key] for place, key in enumerate(found)})
"""


def classifier(module: ImageModule, **given) -> ImageClassifier:
    model = ImageClassifier(module, HEADS, **given)
    for kernel, bias in zip(model.kernels.values(), model.biases.values(), strict=True):
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
        bias.assign(tf.random.stateless_normal(bias.shape, (3, 4)))
    return model


def pixels(module: ImageModule) -> np.ndarray:
    return np.random.default_rng(0).random([3, *module.image_size, 3], np.float32)


def network(directory: pathlib.Path) -> str:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(4, 3, strides=2), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    keras.Sequential([keras.Input((12, 10, 3)), *layers]).save(directory / "m.keras")
    return str(directory / "m.keras")


SOURCES = {
    "file": lambda directory: (network(directory), {}),
    "scaled file": lambda directory: (
        network(directory),
        {"module_input_range": (0.0, 255.0), "module_input_mean": (1.0, 2.0, 3.0)},
    ),
    "application": lambda directory: ("keras:MobileNetV3Small:none", {"image_size": 32}),
    "application with channels in another order": lambda directory: ("keras:VGG16:none", {"image_size": 32}),
    "preset": lambda directory: (tiny_presets.resnet(directory / "preset"), {}),
}


class Opened(NamedTuple):
    """What `write` said of an export, what is expected of it, what another process finds, and its card."""

    said: str | None
    expected: Mapping[str, tf.Tensor]
    found: Mapping[str, np.ndarray]
    card: str


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> dict[str, Opened]:
    """By source, all of them in one other process."""
    said, expected, directories = {}, {}, {}
    for source, make in SOURCES.items():
        directory = directories[source] = tmp_path_factory.mktemp("source")
        handle, given = make(directory)
        model = classifier(load_module(handle, ModuleSettings(tfhub_module=handle, **given)))
        images = pixels(model)
        said[source] = keras_file.write(model, str(directory / "export"))
        np.save(directory / "export" / "images.npy", images)
        expected[source] = model.outputs(images, "serving_default")
    paths = [str(directory / "export") for directory in directories.values()]
    subprocess.run([sys.executable, "-c", ELSEWHERE, *paths], check=True, cwd="/")
    return {
        source: Opened(
            said[source],
            expected[source],
            dict(np.load(directory / "export" / "found.npz")),
            (directory / "export" / "README.md").read_text("utf-8"),
        )
        for source, directory in directories.items()
    }


@pytest.mark.parametrize("source", SOURCES)
def test_it_loads_without_retrain_and_gives_the_same(opened, source):
    said, expected, found, card = opened[source]
    assert said == "it loads without retrain"
    for values, key in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(values, expected[key], rtol=1e-4, atol=1e-6)
    assert "retrain.keras" not in card
    assert "keras_hub" not in card
    assert "**Values of 0 to 255 are taken without complaint, and give other classes" in card
    assert "this format does not tell how familiar images are" in card


def test_of_a_base_that_was_trained_it_has_the_weights(tmp_path):
    model = classifier(load_module(network(tmp_path)), train_base=True)
    images = pixels(model)
    before = functional_model(model)(images)["images"].numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model.base(images, training=True) ** 2)
    for variable, gradient in zip(
        model.base.trainable_variables, tape.gradient(loss, model.base.trainable_variables), strict=True
    ):
        variable.assign_sub(0.1 * gradient)
    found = functional_model(model)(images)
    for key, values in model.outputs(images, "serving_default").items():
        np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=1e-6)
    assert np.abs(found["images"] - before).max() > 1e-4


def test_it_can_be_trained_again_by_keras(tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b", "c"]), "tags": SigmoidHead(["x", "y"])}
    model = functional_model(ImageClassifier(load_module(network(tmp_path)), heads))
    assert len(model.trainable_variables) == 8
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "tags": "binary_crossentropy"})
    labels = {"kind": np.array([0, 1, 2]), "tags": np.ones([3, 2])}
    before = model.trainable_variables[-1].numpy()
    model.fit(np.random.default_rng(0).random([3, 12, 10, 3]), labels, verbose=0)
    assert np.abs(model.trainable_variables[-1].numpy() - before).max() > 0


def test_a_preset_that_keras_does_not_read_again_is_left_to_module_layers(tmp_path):
    model = classifier(load_module(tiny_presets.vit(tmp_path / "preset")))
    assert functional_model(model) is None
    note = keras_file.write(tiny_worlds.with_familiarity(model), str(tmp_path / "export"))
    assert note == "it loads where retrain.keras is imported, and does not tell familiarity"


def test_layers_of_keras_hub_are_named_in_the_card(tmp_path):
    model = classifier(load_module(tiny_presets.dinov2(tmp_path / "preset")))
    assert keras_file.write(model, str(tmp_path / "export")) == "it loads where keras_hub is imported"
    card = (tmp_path / "export" / "README.md").read_text("utf-8")
    assert "\nimport keras_hub  # has layers that the file names\n" in card
    images = pixels(model)
    found = keras_file.read(str(tmp_path / "export"))(images)["images"]
    np.testing.assert_allclose(found, model.outputs(images, "serving_default")["images"], atol=1e-5)


def test_none_of_another_module_or_head(loaded_module, tmp_path):
    assert functional_model(classifier(loaded_module)) is None
    scaled = load_module(loaded_module.handle, ModuleSettings(module_input_range=(-1.0, 1.0)))
    assert functional_model(classifier(scaled)) is None
    module = load_module(tiny_worlds.keras_file(tmp_path))
    assert functional_model(ImageClassifier(module, {"size": OrdinalHead(["s", "m", "l"])})) is None
