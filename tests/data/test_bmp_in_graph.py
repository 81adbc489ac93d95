"""BMPs of every form, in a graph and as training reads them."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.bmp_in_graph import REFUSED, decode_bmp
from retrain.data.images import decode_image
from retrain.settings.data import AS_USUAL, Decoding

RANDOM = np.random.default_rng(0)
BGR, ALPHA = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF), struct.pack("<I", 0xFF000000)
COLOURED = Decoding("#204060")


def bmp(bits, size, palette=b"", header=40, compression=0, masks=b"", upright=False, colours=None, rows=None):
    """A file whose pixels are random, as Microsoft describes it: Pillow writes few of these."""
    width, height = size
    if rows is None:
        rows = RANDOM.bytes((width * bits + 31) // 32 * 4 * height)
    named = len(palette) // 4 if colours is None else colours
    sides = struct.pack("<ii", width, -height if upright else height)
    about = struct.pack("<I8sHHIIiiII", header, sides, 1, bits, compression, len(rows), 0, 0, named, 0)
    about = (about + masks).ljust(header, b"\0") + palette
    first = 14 + len(about)
    return b"BM" + struct.pack("<IHHI", first + len(rows), 0, 0, first) + about + rows


def greys(*values: int) -> bytes:
    return b"".join(bytes([value, value, value, 0]) for value in values)


SIDES = [(1, 1), (3, 2), (8, 5), (13, 7), (33, 4)]
COLOURS = RANDOM.bytes(1024)
FORMS = {
    "1 bit": {"bits": 1, "palette": COLOURS[:8]},
    "1 bit, black and white": {"bits": 1, "palette": greys(0, 255)},
    "1 bit, white and black": {"bits": 1, "palette": greys(255, 0)},
    "4 bits": {"bits": 4, "palette": COLOURS[:64]},
    "4 bits of 5 colours": {"bits": 4, "palette": COLOURS[:20]},
    "4 bits, upright": {"bits": 4, "palette": COLOURS[:64], "upright": True},
    "8 bits": {"bits": 8, "palette": COLOURS},
    "8 bits of 17 colours": {"bits": 8, "palette": COLOURS[:68]},
    "8 bits of 17 greys": {"bits": 8, "palette": greys(*range(17))},
    "8 bits of greys backwards": {"bits": 8, "palette": greys(*range(255, -1, -1))},
    "8 bits, the number of colours not told": {"bits": 8, "palette": COLOURS, "colours": 0},
    "8 bits, upright, a long header": {"bits": 8, "palette": COLOURS, "header": 124, "upright": True},
    "24 bits": {"bits": 24},
    "24 bits, upright": {"bits": 24, "upright": True},
    "32 bits": {"bits": 32},
    "32 bits by masks": {"bits": 32, "compression": 3, "header": 108, "masks": BGR + bytes(4)},
    "32 bits with alpha": {"bits": 32, "compression": 3, "header": 124, "masks": BGR + ALPHA},
    "32 bits with alpha, upright": {"bits": 32, "compression": 3, "header": 56, "upright": True}
    | {"masks": BGR + ALPHA},
    "32 bits, masks without alpha": {"bits": 32, "compression": 3, "header": 52, "masks": BGR},
}


@pytest.fixture(scope="module")
def in_graph():
    return tf.function(
        lambda contents: decode_bmp(contents, COLOURED), input_signature=[tf.TensorSpec([], tf.string)]
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", SIDES)
def test_the_pixels_of_training(form, size, in_graph):
    contents = tf.constant(bmp(size=size, **FORMS[form]))
    np.testing.assert_array_equal(in_graph(contents), decode_image(contents, COLOURED))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_what_pillow_writes(mode, in_graph):
    picture = Image.fromarray(RANDOM.integers(0, 256, [9, 14, 3], np.uint8))
    file = io.BytesIO()
    picture.convert(mode).save(file, "BMP")
    expected = picture.convert(mode).convert("RGB")
    np.testing.assert_array_equal(in_graph(tf.constant(file.getvalue())), expected)


def test_bytes_after_the_image_are_nothing(in_graph):
    contents = bmp(8, (5, 4), COLOURS)
    expected = in_graph(tf.constant(contents))
    np.testing.assert_array_equal(in_graph(tf.constant(contents + b"\0\0")), expected)


def test_where_the_place_of_the_pixels_is_that_of_the_palette(in_graph):
    contents = bytearray(bmp(4, (5, 4), COLOURS[:64]))
    contents[10:14] = struct.pack("<I", 54)
    contents = tf.constant(bytes(contents))
    np.testing.assert_array_equal(in_graph(contents), decode_image(contents, COLOURED))


OS2 = b"BM" + struct.pack("<IHHIIHHHH", 38, 0, 0, 26, 12, 2, 2, 1, 24) + bytes(16)


@pytest.mark.parametrize(
    "contents",
    [
        bmp(16, (4, 4)),
        bmp(8, (4, 4), COLOURS, compression=1),
        bmp(4, (4, 4), COLOURS[:64], compression=2),
        bmp(32, (4, 4), compression=3, header=108, masks=BGR[::-1] + bytes(4)),
        bmp(8, (4, 4), greys(0, 255)),
        bmp(4, (4, 4), greys(*range(16))),
        OS2,
        b"BM",
    ],
)
def test_what_is_refused(contents, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        in_graph(tf.constant(contents))
    assert REFUSED in str(raised.value)


@pytest.mark.parametrize("length", [20, 53, 60, 100, -1])
def test_what_was_cut_off_is_no_image(length, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError):
        in_graph(tf.constant(bmp(8, (7, 9), COLOURS[:64])[:length]))


@pytest.mark.parametrize("sides", [(-4, 4), (0, 4), (4, 0), (2**27 + 1, 1), (2**31 - 1, -(2**31))])
def test_sides_that_no_image_has(sides, in_graph):
    contents = bytearray(bmp(32, (4, 4)))
    contents[18:26] = struct.pack("<ii", *sides)
    with pytest.raises(tf.errors.InvalidArgumentError):
        in_graph(tf.constant(bytes(contents)))


def test_no_more_pixels_than_are_allowed():
    contents = tf.constant(bmp(1, (400, 300), COLOURS[:8]))
    assert decode_bmp(contents, Decoding(max_megapixels=0.12)).shape == (300, 400, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many pixels"):
        decode_bmp(contents, Decoding(max_megapixels=0.119))
    assert decode_bmp(contents, AS_USUAL).dtype == tf.uint8
