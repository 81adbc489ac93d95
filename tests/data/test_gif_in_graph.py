"""GIFs of every form, in a graph and as training reads them."""

import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.gif_in_graph import decode_gif
from retrain.data.images import decode_image
from retrain.settings.data import Decoding
from tests.data.test_images_in_graph import saved

RANDOM = np.random.default_rng(0)
COLOURED = Decoding("#204060")
COLOURS = RANDOM.bytes(768)
GREYS = bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
CONTROL = b"!\xf9\4\1\5\0%c\0"  # the colour % is transparent
COMMENT = b"!\xfe\5\0,;!\xf9" + b"\xc8" + bytes(range(200)) + b"\0"
LOOP = b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"


def palette(colours: bytes) -> bytes:
    """Of as many colours as it takes: 2, 4, ... 256."""
    return colours.ljust(3 << _bits(colours), b"\0")


def _bits(colours: bytes) -> int:
    return max(1, (len(colours) // 3 - 1).bit_length())


def flag(colours: bytes) -> int:
    return 0x80 | (_bits(colours) - 1) if colours else 0


def gif(size, place, canvas, common=b"", own=b"", before=b"", after=b"", interlaced=False, highest=255):
    """A file of an image of random indices at a place on a canvas; its data are as Pillow writes them."""
    width, height = size
    indices = Image.fromarray(RANDOM.integers(0, highest + 1, [height, width], np.uint8), "L")
    written = saved(indices, "GIF", interlace=interlaced)
    data = written[13 + 3 * (2 << written[10] % 8) + 10 :]
    screen = (
        b"GIF89a" + struct.pack("<HHBBB", *canvas, flag(common), 7, 0) + (palette(common) if common else b"")
    )
    image = b"," + struct.pack("<HHHHB", *place, *size, flag(own) | 0x40 * interlaced)
    return screen + before + image + (palette(own) if own else b"") + data[:-1] + after + b";"


def frame(size, place, **more: object) -> bytes:
    """A further image, as it stands in a file."""
    return gif(size, place, size, **more)[13:-1]


FORMS = {
    "fills the canvas": {"size": (9, 7), "place": (0, 0), "canvas": (9, 7), "common": COLOURS},
    "smaller": {"size": (9, 7), "place": (2, 3), "canvas": (20, 15), "common": COLOURS},
    "smaller, first corner": {"size": (1, 1), "place": (0, 0), "canvas": (3, 2), "common": COLOURS},
    "larger": {"size": (9, 7), "place": (0, 0), "canvas": (5, 4), "common": COLOURS},
    "beyond": {"size": (9, 7), "place": (3, 4), "canvas": (10, 20), "common": COLOURS},
    "canvas of nothing": {"size": (9, 7), "place": (0, 0), "canvas": (0, 0), "common": COLOURS},
    "own colours": {"size": (9, 7), "place": (1, 1), "canvas": (12, 12), "common": GREYS, "own": COLOURS},
    "own greys": {"size": (9, 7), "place": (1, 1), "canvas": (12, 12), "common": COLOURS, "own": GREYS},
    "few colours": {"size": (9, 7), "place": (1, 1), "canvas": (9, 9), "common": COLOURS[:12], "highest": 3},
    "too few colours": {"size": (9, 7), "place": (1, 1), "canvas": (9, 9), "common": COLOURS[:12]},
    "too few greys": {"size": (9, 7), "place": (1, 1), "canvas": (9, 9), "common": GREYS[:48]},
    "no colours": {"size": (9, 7), "place": (1, 1), "canvas": (9, 9)},
    "interlaced": {"size": (9, 17), "place": (1, 1), "canvas": (12, 19), "common": COLOURS}
    | {"interlaced": True},
    "transparent": {"size": (9, 7), "place": (2, 1), "canvas": (12, 9), "common": COLOURS[:12], "highest": 3}
    | {"before": CONTROL % 2},
    "transparent, the first": {
        "size": (9, 7),
        "place": (0, 0),
        "canvas": (9, 7),
        "own": COLOURS[:12],
        "highest": 3,
    }
    | {"before": CONTROL % 0},
    "transparent, the last": {"size": (30, 40), "place": (0, 0), "canvas": (31, 40), "own": COLOURS}
    | {"before": CONTROL % 255},
    "transparent of no colours": {"size": (9, 7), "place": (0, 0), "canvas": (9, 7), "highest": 3}
    | {"before": CONTROL % 1},
    "comments": {"size": (9, 7), "place": (1, 0), "canvas": (12, 9), "common": COLOURS}
    | {"before": LOOP + COMMENT + CONTROL % 4 + COMMENT},
    "a larger image follows": {"size": (9, 7), "place": (1, 0), "canvas": (12, 9), "common": COLOURS}
    | {"after": CONTROL % 4 + frame((12, 9), (0, 0), common=b"", own=GREYS)},
    "a smaller image follows": {"size": (9, 7), "place": (1, 0), "canvas": (12, 9), "own": COLOURS}
    | {"after": frame((3, 2), (4, 4), before=CONTROL % 2)},
}


@pytest.fixture(scope="module")
def in_graph():
    return tf.function(
        lambda contents: decode_gif(contents, COLOURED), input_signature=[tf.TensorSpec([], tf.string)]
    )


@pytest.mark.parametrize("form", FORMS)
def test_the_pixels_of_training(form, in_graph):
    contents = tf.constant(gif(**FORMS[form]))
    np.testing.assert_array_equal(in_graph(contents), decode_image(contents, COLOURED))


PICTURE = Image.fromarray(RANDOM.integers(0, 256, [30, 41, 3], np.uint8))


@pytest.mark.parametrize("colours", [2, 3, 16, 200, 256])
def test_what_pillow_writes(colours, in_graph):
    few = PICTURE.quantize(colours)
    frames = {"save_all": True, "append_images": [few.rotate(90, expand=True), few.rotate(180)]}
    for options in ({}, {"transparency": 1}, frames, {**frames, "transparency": 0, "disposal": 2}):
        contents = tf.constant(saved(few, "GIF", comment=b"a comment", **options))
        np.testing.assert_array_equal(in_graph(contents), decode_image(contents, COLOURED))


@pytest.mark.parametrize("length", [6, 12, 14, 40, 800, 900])
def test_what_was_cut_off_is_no_image(length, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError):
        in_graph(tf.constant(saved(PICTURE.quantize(256), "GIF")[:length]))


@pytest.mark.parametrize("contents", [b"GIF89a", b"GIF89a" + 7 * b"\1" + b";", b"GIF89a" + 200 * b"!"])
def test_without_an_image(contents, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError, match="A GIF without an image cannot be decoded"):
        in_graph(tf.constant(contents))


@pytest.mark.parametrize("of_frame", [{"canvas": (400, 300)}, {"canvas": (1, 1), "place": (398, 299)}])
def test_no_more_pixels_than_are_allowed(of_frame):
    """Nor where the image lies beyond its canvas; training does not read it, either."""
    contents = tf.constant(gif(**{"size": (2, 1), "place": (0, 0), "common": COLOURS, **of_frame}))
    for decode in (decode_gif, decode_image):
        assert decode(contents, Decoding(max_megapixels=0.12)).shape == (300, 400, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="too many pixels"):
            decode(contents, Decoding(max_megapixels=0.119))
