import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.loading import load_module, recording, replacing
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> str:
    return tiny_worlds.averaging_module(tmp_path_factory.mktemp("modules") / "m", output_key="logits")


def saved(directory, outputs) -> str:
    module = tf.Module()
    module.__call__ = tf.function(outputs)
    module.__call__.get_concrete_function(tf.TensorSpec([None, 4, 4, 3]))
    tf.saved_model.save(module, str(directory))
    return str(directory)


def sentence(handle: str, settings: ModuleSettings = DEFAULTS) -> str:
    with pytest.raises(InputError) as info:
        load_module(handle, settings)
    return str(info.value)


def test_a_classification_module_is_not_taken_for_features(classifier):
    assert sentence(classifier) == (
        f"{classifier!r} is a classification module (its signatures: image_classification), and retraining "
        f"needs image features; use the feature_vector module of the same network, or "
        f"--module_kind=image_feature_vector if its outputs are features after all."
    )
    assert load_module(classifier, ModuleSettings(module_kind="image_feature_vector")).num_features == 3


def test_a_classification_module_is_loaded_for_classification(classifier):
    module = load_module(classifier, signature=IMAGE_CLASSIFICATION)
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    logits = module.outputs(images, IMAGE_CLASSIFICATION)["default"]
    np.testing.assert_allclose(logits, images.mean(axis=(1, 2)), rtol=1e-6)


def test_unknown_feature_output(tmp_path):
    handle = saved(tmp_path, lambda x: {"default": x[:, 0, 0], "Net/end": x, "Net/start": x})
    assert sentence(handle, ModuleSettings(feature_output="Net")) == (
        f"{handle!r} has no output 'Net' in image_feature_vector; it has: default (None, 3), Net/end "
        f"(None, 4, 4, 3), Net/start (None, 4, 4, 3). Name the one that holds the features with "
        f"--feature_output."
    )
    module = load_module(handle, ModuleSettings(feature_output="Net/end"))
    images = np.random.default_rng(0).random((2, 4, 4, 3), np.float32)
    np.testing.assert_allclose(module(images), images.mean(axis=(1, 2)), rtol=1e-6)


def test_outputs_that_are_no_features(tmp_path):
    handle = saved(tmp_path, lambda x: tf.reshape(x, [-1, 2, 2, 4, 3]))
    assert sentence(handle) == (
        f"The output 'default' of {handle!r} in image_feature_vector is float32 (None, 2, 2, 4, 3), and what "
        f"can be used is float32 (None, n), or (None, tokens, n) or (None, height, width, n) to be pooled, "
        f"with n known; its outputs are: default."
    )


@pytest.mark.parametrize(
    ("shape", "asked", "pooled"),
    [
        ([2, 24], "auto", lambda x: x.reshape(2, 2, 24)[:, 0]),
        ([2, 24], "max", lambda x: x.reshape(2, 2, 24).max(1)),
        ([12, 2, 2], "auto", lambda x: x.reshape(2, 12, 4).mean(2)),
    ],
)
def test_several_vectors_are_pooled(tmp_path, shape, asked, pooled):
    handle = saved(tmp_path, lambda x: tf.reshape(x, [-1, *shape]))
    module = load_module(handle, ModuleSettings(feature_pooling=asked))
    images = np.random.default_rng(0).random((2, 4, 4, 3), np.float32)
    np.testing.assert_allclose(module(images), pooled(images), rtol=1e-6)
    assert module.num_features == module(images).shape[1]
    assert (module.fingerprint == load_module(handle).fingerprint) == (asked == "auto")


def test_of_a_vector_nothing_is_pooled(classifier):
    settings = ModuleSettings(module_kind="image_feature_vector", feature_pooling="mean")
    assert sentence(classifier, settings) == (
        f"--feature_pooling=mean has no effect on the output 'default' of {classifier!r}, which has no "
        f"places or tokens: leave it out."
    )


def test_a_load_is_listed_and_repeated_into_other_variables(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module", methods={"__call__": 2.0})
    created = []
    with recording(created):
        first = load_module(handle)
    assert {id(variable) for variable in first.variables} <= {id(variable) for variable in created}
    places = [[id(each) for each in created].index(id(variable)) for variable in first.variables]
    others = [tf.Variable(tf.fill([3], 7.0)) for _ in places]
    with replacing(dict(zip(places, others, strict=True))):
        second = load_module(handle)
    assert [id(variable) for variable in second.variables] == [id(variable) for variable in others]
    np.testing.assert_array_equal(others[0], [1, 1, 1])
    others[0].assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(second(np.ones((1, 8, 8, 3), np.float32)), [[2, 4, 6]], rtol=1e-6)
    np.testing.assert_array_equal(first.variables[0], [1, 1, 1])


def test_only_the_places_named_are_replaced():
    mine = tf.Variable(0.0)
    with replacing({1: mine}):
        made = [tf.Variable(float(value)) for value in range(3)]
    assert made[1] is mine
    assert [float(variable) for variable in made] == [0, 1, 2]


def test_a_value_that_is_computed():
    mine = tf.Variable(0.0)
    with replacing({0: mine}):
        tf.Variable(lambda: tf.constant(5.0))
    assert float(mine) == 5
