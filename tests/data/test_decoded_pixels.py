"""Pixels without TensorFlow, beside those of training."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.decoded_pixels import UnusualImageError, load_pixels, resized
from retrain.data.images import load_image
from retrain.settings.data import AS_USUAL, Decoding
from tests.data.test_images_in_graph import CLEAR, FILES, FRAMES, PICTURE, saved

LEFT = {"CMYK JPEG", "PNG of 16 bits", "PNG of 12 bits in 16"}
MORE = {
    "animated WebP": saved(PICTURE, "WEBP", **FRAMES),
    "clear GIF": saved(CLEAR.convert("P"), "GIF", transparency=0),
}
ALL = {**FILES, **MORE}
GREY_LEVEL = 1 / 255
COLOURED = Decoding("#204060")


@pytest.mark.parametrize("name", sorted(set(ALL) - LEFT))
@pytest.mark.parametrize("size", [(16, 12), (64, 99)])
def test_the_pixels_of_training(name, size, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(ALL[name])
    expected = load_image(tf.constant(str(path)), size, COLOURED)
    atol = GREY_LEVEL if "WebP" in name or "clear" in name else 1e-6
    np.testing.assert_allclose(load_pixels(str(path), size, COLOURED), expected, atol=atol)


@pytest.mark.parametrize("quality", [20, 75, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpegs_are_decoded_to_the_bit(quality, subsampling, tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, [67, 51, 3], np.uint8))
    image.save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    found = load_pixels(str(tmp_path / "a.jpg"), (67, 51), AS_USUAL)
    expected = load_image(tf.constant(str(tmp_path / "a.jpg")), (67, 51))
    np.testing.assert_array_equal(np.round(found * 255), np.round(expected * 255))


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (30, 41), (299, 224), (7, 300)])
def test_resizing_is_that_of_tensorflow(size):
    image = np.random.default_rng(0).integers(0, 256, [30, 41, 3], np.uint8)
    np.testing.assert_allclose(resized(image, size, None), tf.image.resize(image, size), atol=1e-4)


@pytest.mark.parametrize(
    "contents", [*(FILES[name] for name in sorted(LEFT)), b"", b"no image", FILES["PNG"][:99]]
)
def test_what_is_left_to_tensorflow(contents, tmp_path):
    (tmp_path / "file").write_bytes(contents)
    with pytest.raises(UnusualImageError):
        load_pixels(str(tmp_path / "file"), (8, 8), AS_USUAL)


def test_a_tiff_is_left_to_tensorflow_and_a_file_that_is_gone(tmp_path):
    file = io.BytesIO()
    PICTURE.save(file, "TIFF")
    (tmp_path / "a.tif").write_bytes(file.getvalue())
    for name in ("a.tif", "gone.jpg"):
        with pytest.raises(UnusualImageError):
            load_pixels(str(tmp_path / name), (8, 8), AS_USUAL)
