import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.image_module import ModuleOptions
from retrain.modules.load import NO_OPTIONS, load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
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


def sentence(handle: str, options: ModuleOptions = NO_OPTIONS) -> str:
    with pytest.raises(InputError) as info:
        load_module(handle, options)
    return str(info.value)


def test_a_classification_module_is_not_taken_for_features(classifier):
    assert sentence(classifier) == (
        f"{classifier!r} is a classification module (its signatures: image_classification), and retraining "
        f"needs image features; use the feature_vector module of the same network, or "
        f"--module_kind=image_feature_vector if its outputs are features after all."
    )
    assert load_module(classifier, ModuleOptions(kind="image_feature_vector")).num_features == 3


def test_a_classification_module_is_loaded_for_classification(classifier):
    module = load_module(classifier, signature=IMAGE_CLASSIFICATION)
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    logits = module.outputs(images, IMAGE_CLASSIFICATION)["default"]
    np.testing.assert_allclose(logits, images.mean(axis=(1, 2)), rtol=1e-6)


def test_unknown_feature_output(tmp_path):
    handle = saved(tmp_path, lambda x: {"default": x[:, 0, 0], "Net/end": x, "Net/start": x})
    assert sentence(handle, ModuleOptions(feature_output="Net")) == (
        f"{handle!r} has no output 'Net' in image_feature_vector; it has: default, Net/end, Net/start. Name "
        f"the one that holds the features with --feature_output."
    )
    module = load_module(handle, ModuleOptions(feature_output="Net/end"))
    images = np.random.default_rng(0).random((2, 4, 4, 3), np.float32)
    np.testing.assert_allclose(module(images), images.mean(axis=(1, 2)), rtol=1e-6)


def test_outputs_that_are_no_features(tmp_path):
    handle = saved(tmp_path, lambda x: tf.reshape(x, [-1, 16, 3]))
    assert sentence(handle) == (
        f"The output 'default' of {handle!r} in image_feature_vector is float32 (None, 16, 3), and what "
        f"can be used is float32 (None, n), or (None, height, width, n) to be averaged, with n known; its "
        f"outputs are: default."
    )
