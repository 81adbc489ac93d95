import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.graphs.pixel_range import in_range, is_out_of_range

PIXELS = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 2, 2, 3)


@pytest.mark.parametrize(
    "images", [PIXELS, PIXELS * 1.003, PIXELS - 0.003, np.zeros([0, 2, 2, 3], np.float32)]
)
def test_what_lies_within_a_grey_level_is_handed_on(images):
    for function in (in_range, tf.function(in_range)):
        np.testing.assert_array_equal(function(tf.constant(images)), images)


@pytest.mark.parametrize("images", [PIXELS * 255, PIXELS - 0.1, PIXELS * np.float32("nan")])
def test_what_lies_beyond_is_refused_with_its_range(images):
    for function in (in_range, tf.function(in_range)):
        with pytest.raises(tf.errors.InvalidArgumentError) as info:
            function(tf.constant(images))
        assert is_out_of_range(info.value)
    assert "RGB values in [0, 1] were expected, but images have values from" in str(info.value)


def test_another_error_is_not_of_the_range():
    with pytest.raises(tf.errors.InvalidArgumentError) as info:
        tf.reshape(tf.zeros([3]), [2])
    assert not is_out_of_range(info.value)
