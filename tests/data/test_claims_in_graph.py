"""The same claims by TensorFlow ops alone."""

import pytest
import tensorflow as tf

from retrain.data.claims_in_graph import admitted
from retrain.image_claims import MOST_SCANS, UNBOUNDED
from retrain.settings.data import AS_USUAL, Decoding
from tests.hostile_images import jpeg_of_scans, png_of, webp_of
from tests.test_image_claims import saved

OTHERS = 7


def claimed(contents: bytes, decoding: Decoding = AS_USUAL) -> int:
    admit = tf.function(lambda contents: admitted(contents, decoding, lambda: tf.constant(OTHERS, tf.int64)))
    same, pixels = admit(tf.constant(contents))
    assert same.numpy() == contents
    return int(pixels)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("options", [{}, {"exif": b"Exif\0\0II*\0"}, {"lossless": True}])
def test_the_size_is_in_the_header(image_format, options):
    assert claimed(saved(image_format, **options)) == 41 * 30


@pytest.mark.parametrize("image_format", ["TIFF", "BMP", "GIF"])
def test_of_others_somebody_else_knows(image_format):
    assert claimed(saved(image_format)) == OTHERS


@pytest.mark.parametrize("kind", [b"VP8L", b"VP8X"])
def test_what_claims_too_much_is_refused(kind):
    for contents in (webp_of(16383, 10000, kind), png_of(2**30 + 1, 2**31), png_of(20000, 6000)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="too many pixels"):
            claimed(contents)


def test_what_may_be_many_scans_is_looked_into_by_others():
    assert claimed(jpeg_of_scans(MOST_SCANS)) == 256
    assert claimed(jpeg_of_scans(MOST_SCANS + 1)) == OTHERS


@pytest.mark.parametrize("length", [0, 3, 10, 20, 25, 29])
def test_a_header_that_was_cut_off_is_for_the_decoder_to_judge(length):
    boundless = Decoding(max_megapixels=UNBOUNDED / 10**6)
    for image_format in ("PNG", "WEBP"):
        assert claimed(saved(image_format)[:length], boundless) >= 0
