"""Pixels without TensorFlow, beside those of training."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.decoded_pixels import UnusualImageError, load_pixels, pixels_of
from retrain.data.images import decode_image, image, load_image
from retrain.data.no_image import NoImageError
from retrain.settings.data import AS_USUAL, Decoding
from tests.data.test_images_in_graph import FILES, FRAMES, PICTURE, saved
from tests.hostile_folder import seeds

LEFT = {"CMYK JPEG", "PNG of 16 bits", "PNG of 12 bits in 16"}
MORE = {"animated WebP": saved(PICTURE, "WEBP", **FRAMES)}
ALL = {**FILES, **MORE}
GREY_LEVEL = 1 / 255
COLOURED = Decoding("#204060")
AVERAGED = COLOURED._replace(antialias=True)


@pytest.mark.parametrize("name", sorted(set(ALL) - LEFT))
@pytest.mark.parametrize("size", [(16, 12), (64, 99)])
@pytest.mark.parametrize("decoding", [COLOURED, AVERAGED])
def test_the_pixels_of_training(name, size, decoding, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(ALL[name])
    expected = load_image(tf.constant(str(path)), size, decoding)
    atol = GREY_LEVEL if "WebP" in name or "clear" in name else 1e-6
    np.testing.assert_allclose(load_pixels(str(path), size, decoding), expected, atol=atol)


@pytest.mark.parametrize("quality", [20, 75, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpegs_are_decoded_to_the_bit(quality, subsampling, tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, [67, 51, 3], np.uint8))
    image.save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    found = load_pixels(str(tmp_path / "a.jpg"), (67, 51), AS_USUAL)
    expected = load_image(tf.constant(str(tmp_path / "a.jpg")), (67, 51))
    np.testing.assert_array_equal(np.round(found * 255), np.round(expected * 255))


SOUND = seeds()
TOO_DEEP = {"a JPEG in CMYK", "PNG in I;16", "TIFF of 16 bits"}


@pytest.mark.parametrize("number", range(len(SOUND)))
@pytest.mark.parametrize("decoding", [COLOURED, AVERAGED])
def test_what_training_makes_of_every_format(number, decoding):
    """The same pixels, or none in both, or it is left to TensorFlow."""
    content = SOUND[number]
    try:
        expected = image((31, 24), decoding).of(tf.constant(content)).numpy()
    except tf.errors.OpError:
        with pytest.raises(NoImageError):
            pixels_of(content, (31, 24), decoding)
        return
    left: list[str] = []
    try:
        found = pixels_of(content, (31, 24), decoding)
    except UnusualImageError as error:
        left.append(str(error))
    else:
        np.testing.assert_allclose(found, expected, atol=GREY_LEVEL)
    assert set(left) <= TOO_DEEP


@pytest.mark.parametrize("contents", [FILES[name] for name in sorted(LEFT)])
def test_what_is_left_to_tensorflow(contents):
    with pytest.raises(UnusualImageError):
        pixels_of(contents, (8, 8), AS_USUAL)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "empty file"),
        (b"no image", "not a file of an image"),
        (FILES["PNG"][:99], "damaged or incomplete PNG"),
        (FILES["PNG"][:-4], "damaged or incomplete PNG"),
        (SOUND[0][:-99], "damaged or incomplete JPEG"),
        (SOUND[0][:200], "damaged or incomplete JPEG"),
        (b"II*\0", "damaged or unusual TIFF"),
    ],
)
def test_what_is_an_image_for_nobody(contents, reason):
    with pytest.raises(NoImageError) as raised:
        pixels_of(contents, (8, 8), AS_USUAL)
    assert str(raised.value) == reason
    with pytest.raises(tf.errors.OpError):
        decode_image(tf.constant(contents))


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(NoImageError, match=r"^cannot be read \(No such file or directory\)$"):
        load_pixels(str(tmp_path / "gone.jpg"), (8, 8), AS_USUAL)
