import numpy as np
import pytest

from retrain import opaque_pixels
from retrain.opaque_pixels import opaque

RANDOM = np.random.default_rng(0)


def test_a_pixel_is_as_much_of_the_background_as_it_is_clear():
    pixels = np.array([[[0, 100, 255, 255], [0, 100, 255, 51], [0, 100, 255, 0]]], np.uint8)
    image, is_transparent, is_narrow = opaque(pixels, "#ff8000")
    assert image.tolist() == [[[0, 100, 255], [204, 122, 51], [255, 128, 0]]]
    assert (is_transparent, is_narrow) == (True, False)


def test_bytes_that_are_opaque_stay_as_they_are():
    pixels = RANDOM.integers(0, 256, [3, 4, 3], np.uint8)
    with_alpha = np.concatenate([pixels, np.full([3, 4, 1], 255, np.uint8)], axis=2)
    for given in (pixels, with_alpha):
        image, is_transparent, is_narrow = opaque(given, "black")
        np.testing.assert_array_equal(image, pixels)
        assert (is_transparent, is_narrow) == (False, False)


@pytest.mark.parametrize(
    ("highest", "middle", "expected", "is_narrow"),
    [
        (65535, 257 * 100, 100, False),
        (4096, 257 * 10, 10, False),
        (4095, 2048, 128, True),
        (255, 100, 100, True),
        (0, 0, 0, False),
    ],
)
def test_white_is_what_16_bits_make_use_of(highest, middle, expected, is_narrow):
    found = opaque(np.array([[[highest], [middle]]], np.uint16), "white")
    assert found.image[0, 1].tolist() == 3 * [expected]
    assert (found.is_transparent, found.is_narrow) == (False, is_narrow)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bands_are_the_whole(monkeypatch, dtype):
    pixels = RANDOM.integers(0, np.iinfo(dtype).max, [7, 5, 4], dtype)
    whole = opaque(pixels, "white").image
    monkeypatch.setattr(opaque_pixels, "BAND", 10)
    np.testing.assert_array_equal(opaque(pixels, "white").image, whole)
