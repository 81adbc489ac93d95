import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from retrain.data.resizing import averaged, resized

SIZES = [(1, 1), (5, 7), (16, 17), (30, 41), (299, 224), (7, 300)]
NOISE = np.random.default_rng(0).integers(0, 256, [30, 41, 3], np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_resizing_is_that_of_tensorflow(size):
    np.testing.assert_allclose(resized(NOISE, size, None), tf.image.resize(NOISE, size), atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_averages_are_those_of_tensorflow(size):
    expected = tf.image.resize(NOISE, size, antialias=True)
    np.testing.assert_allclose(averaged(NOISE, size), expected, atol=2e-4)


@pytest.mark.parametrize("size", SIZES)
def test_averages_are_those_of_pillow_which_rounds_them(size):
    expected = Image.fromarray(NOISE).resize(size[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(averaged(NOISE, size), np.asarray(expected), atol=1.0)


side = st.integers(1, 70)


@given(side, side, side, side, st.integers(0, 255))
def test_of_one_colour_nothing_else_comes(height, width, wanted_height, wanted_width, value):
    image, size = np.full([height, width, 3], value, np.uint8), (wanted_height, wanted_width)
    for small in (averaged(image, size), resized(image, size, None)):
        assert small.shape == (*size, 3)
        np.testing.assert_allclose(small, value, atol=1e-3)


@given(side, side, st.integers(1, 70))
def test_a_row_and_a_column_are_made_small_alike(length, wanted, other):
    values = np.random.default_rng(length).integers(0, 256, [length, other, 3], np.uint8)
    turned = averaged(values.transpose(1, 0, 2), (other, wanted)).transpose(1, 0, 2)
    np.testing.assert_allclose(averaged(values, (wanted, other)), turned, atol=1e-3)


def test_every_pixel_counts_but_without_antialias_only_the_nearest():
    """Of stripes every fourth of which is white; of the two next to the centre of a pixel one is."""
    stripes = np.zeros([64, 64, 3], np.uint8)
    stripes[:, ::4] = 255
    np.testing.assert_allclose(averaged(stripes, (4, 4))[:, 1:-1], 255 / 4, atol=1e-3)
    np.testing.assert_allclose(resized(stripes, (4, 4), None), 255 / 2, atol=1e-3)
