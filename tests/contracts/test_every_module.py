"""The promises that modules of every kind make, whatever the source. Those of handles: test_every_source."""

import pathlib
import shutil
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, IMAGES
from tests.contracts.example_modules import KINDS

pytestmark = pytest.mark.parametrize("name", KINDS)


@pytest.fixture(scope="module")
def modules(tmp_path_factory) -> Callable[[str], ImageModule]:
    loaded = {}

    def module(name: str) -> ImageModule:
        if name not in loaded:
            loaded[name] = load(name, tmp_path_factory.mktemp("module") / "module")
        return loaded[name]

    return module


def load(name: str, directory: pathlib.Path, content: float = 1.0) -> ImageModule:
    return load_module(KINDS[name].make(directory, content))


def random_images(module: ImageModule, count: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *module.image_size, 3), np.float32)


def values(module: ImageModule) -> list[np.ndarray]:
    return [variable.numpy() for variable in module.variables]


def equal(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_features_are_float32_of_a_known_number(name, modules):
    module = modules(name)
    features = module(random_images(module))
    assert features.dtype == tf.float32
    assert features.shape == (3, module.num_features)
    assert module.num_features > 0


def test_signature_is_the_common_one(name, modules):
    module = modules(name)
    signature = module.signatures[IMAGE_FEATURE_VECTOR]
    assert signature.inputs == {IMAGES: tf.TensorSpec([None, *module.image_size, 3], tf.float32, name=IMAGES)}
    assert signature.outputs["default"].shape.as_list() == [None, module.num_features]
    assert signature.outputs["default"].dtype == tf.float32
    assert set(module.outputs(random_images(module), IMAGE_FEATURE_VECTOR)) == set(signature.outputs)


def test_a_row_does_not_depend_on_its_batch(name, modules):
    module = modules(name)
    images = random_images(module, 5)
    together = module(images).numpy()
    assert np.isfinite(together).all()
    for one in range(5):
        np.testing.assert_allclose(module(images[one : one + 1])[0], together[one], rtol=1e-4, atol=1e-5)


def test_different_images_have_different_features(name, modules):
    module = modules(name)
    features = module(
        np.stack([np.zeros((*module.image_size, 3)), *random_images(module, 1)]).astype(np.float32)
    )
    assert not np.array_equal(features[0], features[1])


def test_batches_of_unknown_size_in_a_graph(name, modules):
    module = modules(name)
    images = random_images(module)
    spec = tf.TensorSpec([None, *module.image_size, 3])
    traced = tf.function(lambda images: module(images), input_signature=[spec])
    assert traced.get_concrete_function().structured_outputs.shape.as_list() == [None, module.num_features]
    np.testing.assert_allclose(traced(images), module(images), rtol=1e-4, atol=1e-5)


def test_frozen_changes_no_variable(name, modules):
    module = modules(name)
    before = values(module)
    module(random_images(module))
    assert equal(before, values(module))


def test_training_updates_moving_averages_only(name, tmp_path):
    module = load(name, tmp_path / "module")
    before = values(module)
    trainable = [variable.numpy() for variable in module.trainable_variables]
    module(random_images(module), training=True)
    assert equal(trainable, [variable.numpy() for variable in module.trainable_variables])
    assert equal(before, values(module)) != KINDS[name].has_moving_averages


def test_gradients_reach_every_trainable_variable(name, modules):
    module = modules(name)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(random_images(module), training=True) ** 2)
        loss += sum(loss() for loss in module.regularization_losses)
    gradients = tape.gradient(loss, module.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    assert {id(v) for v in module.trainable_variables} <= {id(v) for v in module.variables}


def test_survives_a_checkpoint(name, tmp_path):
    trained = load(name, tmp_path / "module")
    images = random_images(trained)
    for variable in trained.trainable_variables:
        variable.assign_add(tf.fill(variable.shape, 0.01))
    trained(images, training=True)
    path = tf.train.Checkpoint(module=trained).save(str(tmp_path / "checkpoint"))
    fresh = load(name, tmp_path / "module again")
    status = tf.train.Checkpoint(module=fresh).restore(path)
    status.assert_existing_objects_matched()
    assert equal(values(trained), values(fresh))
    np.testing.assert_allclose(fresh(images), trained(images), rtol=1e-5, atol=1e-6)


def test_survives_an_export(name, tmp_path):
    module = load(name, tmp_path / "module")
    root = tf.Module()
    root.module = module
    root.__call__ = tf.function(module.__call__)
    spec = tf.TensorSpec([None, *module.image_size, 3])
    for training in (False, True):
        root.__call__.get_concrete_function(spec, training=training)
    tf.saved_model.save(root, str(tmp_path / "export"))
    shutil.rmtree(tmp_path / "module", ignore_errors=True)
    again = tf.saved_model.load(str(tmp_path / "export"))
    images = random_images(module)
    np.testing.assert_allclose(again(images), module(images), rtol=1e-5, atol=1e-5)
    # Untrained batch norm over three images magnifies the last bits.
    trained, expected = again(images, training=True), module(images, training=True)
    np.testing.assert_allclose(trained, expected, rtol=1e-2, atol=1e-2)


def test_fingerprint_is_of_the_content_not_of_the_place(name, tmp_path):
    module = load(name, tmp_path / "module")
    handle = KINDS[name].make(tmp_path / "other", 2.0)
    if pathlib.Path(module.handle).exists():
        copy = tmp_path / "elsewhere" / pathlib.Path(module.handle).name
        copy.parent.mkdir()
        (shutil.copytree if pathlib.Path(module.handle).is_dir() else shutil.copy)(module.handle, copy)
    else:
        copy = module.handle
    assert load_module(str(copy)).fingerprint == module.fingerprint
    other = load_module(handle)
    assert (other.fingerprint != module.fingerprint) == KINDS[name].has_content
