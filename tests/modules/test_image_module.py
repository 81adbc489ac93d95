import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.image_module import ImageModule, check_has_signature, expected_image_size
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, image_signature


class Halves(ImageModule):
    """Features are the mean RGB; the output `halves` is that of the left and right halves, [B, 1, 2, 3]."""

    def __init__(self, feature_output: str):
        outputs = {"default": tf.TensorSpec([None, 3]), "halves": tf.TensorSpec([None, 1, 2, 3])}
        signatures = {IMAGE_FEATURE_VECTOR: image_signature((2, 4), outputs)}
        super().__init__("halves", "0", signatures, (2, 4), feature_output)

    def outputs(self, images, signature, training=False):
        halves = tf.nn.avg_pool2d(images, ksize=2, strides=2, padding="VALID")
        return {"default": tf.reduce_mean(images, [1, 2]), "halves": halves}


@pytest.mark.parametrize("feature_output", ["default", "halves"])
def test_features_are_one_output_averaged_over_space(feature_output):
    module = Halves(feature_output)
    images = np.random.default_rng(0).random((3, 2, 4, 3), np.float32)
    assert module.num_features == 3
    np.testing.assert_allclose(module(images), images.mean(axis=(1, 2)), rtol=1e-6)


def test_its_description():
    spec = Halves("default").spec
    assert (spec.handle, spec.get_tags()) == ("halves", [set(), {"train"}])
    assert list(spec.get_output_info_dict()) == ["default", "halves"]


def test_defaults():
    module = Halves("default")
    assert module.variables == module.trainable_variables == module.regularization_losses == ()


@pytest.mark.parametrize(
    ("taken", "given", "size"),
    [
        ([(8, 6)], None, (8, 6)),
        ([(8, 8)], 8, (8, 8)),
        ([(None, None)], 8, (8, 8)),
        ([(None, 6)], 6, (6, 6)),
        ([(None, None), (8, 6)], None, (8, 6)),
        ([(8, 6), (4, 4)], 4, (4, 4)),
    ],
)
def test_expected_image_size(taken, given, size):
    assert expected_image_size("m", taken, given) == size


def test_no_expected_image_size():
    with pytest.raises(InputError) as info:
        expected_image_size("m", [(None, None)], None)
    assert str(info.value) == (
        "'m' takes images of any size; say with --image_size which to give it, as a rule the one that it "
        "was trained on."
    )


def test_a_size_that_the_module_does_not_take():
    with pytest.raises(InputError) as info:
        expected_image_size("m", [(8, 6), (None, 4)], 9)
    assert str(info.value) == (
        "'m' takes images of 8 x 6 or any x 4 pixels, and --image_size says 9 x 9; leave --image_size out, "
        "or use a module made for that size."
    )


def test_signatures_are_checked():
    check_has_signature("m", {"image_feature_vector": None}, "image_feature_vector")
    with pytest.raises(InputError) as info:
        check_has_signature("m", {"b": None, "a": None}, "image_feature_vector")
    assert str(info.value) == (
        "'m' has no signature 'image_feature_vector'; it has: a, b. Use a module that follows the Common "
        "Signatures for Images, or say with --module_kind what its outputs are."
    )
    with pytest.raises(InputError) as info:
        check_has_signature("m", {"image_classification": None}, "image_feature_vector")
    assert str(info.value) == (
        "'m' is a classification module (its signatures: image_classification), and retraining needs image "
        "features; use the feature_vector module of the same network, or --module_kind=image_feature_vector "
        "if its outputs are features after all."
    )
