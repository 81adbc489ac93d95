"""The promises of every export that is a module, for a classifier retrained from every kind of module."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import MODULES, exporter
from retrain.exporters.reload import ExportedClassifier, SideBySide, load_classifier
from retrain.familiarity import FAMILIARITY, THRESHOLD
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    SERVING_SIGNATURE,
)
from tests import tiny_worlds
from tests.contracts.example_modules import KINDS

SIGNATURES = (IMAGE_FEATURE_VECTOR, IMAGE_CLASSIFICATION)

pytestmark = [pytest.mark.parametrize("source", KINDS), pytest.mark.parametrize("name", MODULES)]


@dataclasses.dataclass
class Export:
    """A classifier, and where it was exported."""

    model: ImageClassifier
    directory: str

    @functools.cached_property
    def again(self) -> ExportedClassifier:
        """What is read of it; use it frozen, never change it."""
        return load_classifier(self.directory)


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Callable[[str, str], Export]:
    @functools.cache
    def model(source: str) -> ImageClassifier:
        return classifier(load_module(KINDS[source].make(tmp_path_factory.mktemp("source") / "module", 1.0)))

    @functools.cache
    def export(name: str, source: str) -> Export:
        directory = str(tmp_path_factory.mktemp("export") / name)
        exporter(name)(model(source), directory)
        return Export(model(source), directory)

    return export


def classifier(base: ImageModule) -> ImageClassifier:
    model = ImageClassifier(
        base, {"label": SoftmaxHead(["a", "b", "c", "d"])}, dropout_rate=0.5, train_base=True
    )
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    return tiny_worlds.with_familiarity(model)


def random_images(module: ImageModule, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((count, *module.image_size, 3), np.float32)


def assert_equal(found: ImageModule, expected: ImageModule, training: bool = False) -> None:
    images = random_images(expected)
    for signature in SIGNATURES:
        one, other = (module.outputs(images, signature, training)["default"] for module in (found, expected))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_the_same_logits_and_features(name, source, exports):
    export = exports(name, source)
    model, module = export.model, export.again.module
    assert module.image_size == model.image_size
    assert module.num_features == model.num_features
    assert module.num_outputs(IMAGE_CLASSIFICATION) == 4
    assert_equal(module, model)


def test_any_number_of_images(name, source, exports):
    export = exports(name, source)
    model, module = export.model, export.again.module
    for count in (1, 4):
        assert module(random_images(model, count)).shape == (count, model.num_features)


def test_it_knows_its_labels(name, source, exports):
    again = exports(name, source).again
    assert again.primary_head.class_names == ("a", "b", "c", "d")
    assert again.primary_head.kind == "softmax"


def test_it_tells_how_familiar_images_are(name, source, exports):
    export = exports(name, source)
    model, again = export.model, export.again
    images = random_images(model)
    expected = model.outputs(images, SERVING_SIGNATURE)
    assert again.familiarity.threshold == THRESHOLD
    assert expected[FAMILIARITY].shape == (len(images),)
    found = again.module.outputs(images, SERVING_SIGNATURE)
    assert set(found) == {DEFAULT_OUTPUT, FAMILIARITY}
    np.testing.assert_allclose(found[FAMILIARITY], expected[FAMILIARITY], atol=2e-3)
    module = SideBySide(again)
    rows = module.output(images, IMAGE_CLASSIFICATION).numpy()
    np.testing.assert_allclose(module.familiarity(rows), found[FAMILIARITY], rtol=1e-4)
    logits = model.outputs(images, IMAGE_CLASSIFICATION)[DEFAULT_OUTPUT]
    np.testing.assert_allclose(module.by_task(rows)["label"], logits, rtol=1e-4, atol=1e-5)


def test_it_is_trained_again_as_the_model_is(name, source, exports, tmp_path):
    again = load_module(exports(name, source).directory)
    model = classifier(load_module(KINDS[source].make(tmp_path / "module", 1.0)))
    assert len(again.regularization_losses) == len(model.regularization_losses)
    for module in (model, again):
        step(module)
    assert_equal(again, model)
    assert_equal(again, model, training=True)


def step(module: ImageModule) -> None:
    with tf.GradientTape() as tape:
        logits = module.outputs(random_images(module), IMAGE_CLASSIFICATION, training=True)["default"]
        loss = tf.reduce_mean(logits**2) + sum(loss() for loss in module.regularization_losses)
    gradients = tape.gradient(loss, module.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    for variable, gradient in zip(module.trainable_variables, gradients, strict=True):
        variable.assign_sub(0.1 * tf.convert_to_tensor(gradient))


def test_it_is_the_base_of_another_classifier(name, source, exports, tmp_path):
    base = load_module(exports(name, source).directory)
    model = classifier(base)
    exporter(name)(model, str(tmp_path / "again"))
    assert_equal(load_module(str(tmp_path / "again")), model)


def test_no_dropout_acts_on_features(name, source, exports):
    module = load_module(exports(name, source).directory)
    before = [variable.numpy() for variable in module.variables]
    one = module(random_images(module), training=True)
    for variable, value in zip(module.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(module(random_images(module), training=True), one, rtol=1e-6)


def test_nothing_is_overwritten(name, source, exports):
    export = exports(name, source)
    with pytest.raises(InputError) as info:
        exporter(name)(export.model, export.directory)
    assert str(info.value) == (
        f"{export.directory!r} exists already, and nothing is overwritten: name a new directory."
    )
