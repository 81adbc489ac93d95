"""From the bytes of a GIF to the pixels of its first image by TensorFlow ops alone, as viewers show them.

tf.io.decode_image gives the image without the canvas on which it stands, in the size of the largest one of an
animation, and black where it is transparent. So it is given another file, in which the first image has no
place and fills the canvas, and the palette has the background where it is transparent; what it gives is
put into its place. Source of the blocks: GIF 89a, 17 to 26.
"""

import numpy as np
import tensorflow as tf
from PIL import ImageColor

from retrain.data.claims_in_graph import limited, part, provided
from retrain.data.images import decode
from retrain.settings.data import Decoding

GIF = b"GIF8"
HEADER, PALETTE = 13, 3 * 256  # bytes
BEYOND = 2 * PALETTE  # zeros after the file, so that what ends too early can be read
IMAGE, END = b",", b";"
EXTENSION, CONTROL = 0x21, 0xF9  # the latter is the kind that says which colour is transparent
INTERLACED, HAS_PALETTE = 0x40, 0x80
# Pillow, by which training reads, takes a palette that begins like this for none; others end in black.
GREYS = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
BLACK = bytes(PALETTE)


def decode_gif(contents: tf.Tensor, decoding: Decoding) -> tf.Tensor:
    """The first image of a file's bytes (scalar string), on its canvas: uint8 [H, W, 3].

    InvalidArgumentError where there is none, or the canvas has more pixels than are allowed.
    """
    file = contents + bytes(BEYOND)
    place, clear = _first_image(file, tf.strings.length(contents))
    left, top, width, height = tf.unstack(_sides(file, place + 1, 4))
    right, bottom = tf.unstack(tf.maximum(_sides(file, 6, 2) - [left + width, top + height], 0))
    canvas = tf.cast([top + height + bottom, left + width + right], tf.int64)
    place = limited(place, tf.reduce_prod(canvas), decoding)
    start, flags = place + 10, _bytes(file, place + 9, 1)[0]
    own = _palette_size(flags)
    palette = _palette(file, tf.strings.substr(file, start, own), clear, decoding.background)
    frame = (tf.strings.substr(file, place + 5, 4), flags // INTERLACED % 2 == 1)
    alone = _alone(*frame, palette, part(contents, start + own, 2**31 - 1))
    around = tf.io.decode_raw(tf.strings.substr(palette, 3 * tf.maximum(clear, 0), 3), tf.uint8)
    # What is taken from bytes and added again is the same, though they overflow.
    image = decode(alone)[:height, :width] - around
    return tf.pad(image, [[top, bottom], [left, right], [0, 0]]) + around


def _first_image(file: tf.Tensor, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where its descriptor is, and which colour is transparent, -1 if none is: int32."""

    def goes_on(place: tf.Tensor, within: tf.Tensor, clear: tf.Tensor) -> tf.Tensor:
        byte = tf.strings.substr(file, place, 1)
        return (place < length) & (within | ((byte != IMAGE) & (byte != END)))

    def step(place: tf.Tensor, within: tf.Tensor, clear: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """By one block, or in an extension by one of its blocks, of which the last is empty."""
        found = tf.unstack(_bytes(file, place, 7))
        begins = ~within & (found[0] == EXTENSION)
        is_clear = begins & (found[1] == CONTROL) & (found[3] % 2 == 1)
        further = tf.where(within, 1 + found[0], tf.where(begins, 2, 1))
        return place + further, begins | (within & (found[0] > 0)), tf.where(is_clear, found[6], clear)

    first = HEADER + _palette_size(_bytes(file, 10, 1)[0])
    place, _, clear = tf.while_loop(goes_on, step, [first, tf.constant(False), tf.constant(-1)])
    is_there = tf.strings.substr(file, place, 1) == IMAGE
    return provided(place, is_there, "A GIF without an image cannot be decoded."), clear


def _bytes(file: tf.Tensor, place: tf.Tensor | int, count: int, of: tf.DType = tf.uint8) -> tf.Tensor:
    """int32 [count]."""
    found = tf.io.decode_raw(tf.strings.substr(file, place, of.size * count), of)
    return tf.cast(tf.ensure_shape(found, [count]), tf.int32)


def _sides(file: tf.Tensor, place: tf.Tensor | int, count: int) -> tf.Tensor:
    return _bytes(file, place, count, tf.uint16)


def _palette_size(flags: tf.Tensor) -> tf.Tensor:
    """In bytes; 0 where there is none."""
    return tf.where(flags >= HAS_PALETTE, 3 * tf.bitwise.left_shift(2, flags % 8), 0)


def _palette(file: tf.Tensor, own: tf.Tensor, clear: tf.Tensor, background: str) -> tf.Tensor:
    """256 colours, RGB, as a string, of an image with its own palette or none; the background is clear."""
    common = tf.strings.substr(file, HEADER, _palette_size(_bytes(file, 10, 1)[0]))
    stored = tf.where(_are_greys(own), common, own)
    rest = tf.where(_are_greys(stored), GREYS, BLACK)
    palette = stored + tf.strings.substr(rest, tf.strings.length(stored), PALETTE)
    behind = bytes(ImageColor.getrgb(background)[:3])
    first = 3 * tf.maximum(clear, 0)
    before, after = tf.strings.substr(palette, 0, first), tf.strings.substr(palette, first + 3, PALETTE)
    return tf.where(clear >= 0, before + behind + after, palette)


def _are_greys(palette: tf.Tensor) -> tf.Tensor:
    """Whether it begins as all greys do; so does what is empty."""
    return palette == tf.strings.substr(GREYS, 0, tf.strings.length(palette))


def _alone(sides: tf.Tensor, is_interlaced: tf.Tensor, palette: tf.Tensor, data: tf.Tensor) -> tf.Tensor:
    """The file of an image that fills its canvas; after its data others may follow."""
    flags = tf.where(is_interlaced, bytes([INTERLACED]), b"\0")
    screen = b"GIF89a" + sides + bytes([HAS_PALETTE | 0x77, 0, 0]) + palette
    return screen + IMAGE + bytes(4) + sides + flags + data
