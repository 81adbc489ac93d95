"""From the bytes of a BMP to its pixels by TensorFlow ops alone: of 1, 4, 8, 24 or 32 bits, not compressed.

tf.io.decode_bmp takes the indices of a palette for grey, reads no less than 8 bits and no alpha, and refuses
bytes that follow the image. What is compressed, of 16 bits or of OS/2 is refused here, and the palettes of a
few greys that Pillow, by which training reads, takes for something else. Source of the places: Microsoft's
BITMAPFILEHEADER, of 14 bytes, BITMAPINFOHEADER and BITMAPV4HEADER.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.claims_in_graph import limited, part, provided
from retrain.data.deep_in_graph import on_background
from retrain.settings.data import Decoding

BMP = b"BM"
FILE_HEADER, SHORTEST_HEADER, WITH_ALPHA_MASK = 14, 40, 56  # bytes
# In numbers of 32 bits, behind the "BM".
PLACES = {"first_pixel": 2, "size": 3, "width": 4, "height": 5, "bits": 6, "compression": 7, "colours": 11}
MASKS, ALPHA_MASK = slice(13, 16), 16
BY_MASKS = 3  # the compression that is none, but says which of 32 bits are of which colour
RED, GREEN, BLUE, ALPHA = 0xFF0000, 0xFF00, 0xFF, -0x1000000  # the last as it is in int32
GREYS = np.arange(256, dtype=np.uint8)
REFUSED = (
    "A BMP that is compressed, of 16 bits, of OS/2 or otherwise unusual cannot be decoded in a graph: save "
    "it as PNG, or as BMP of 24 bits."
)


class _Header(NamedTuple):
    """What the first bytes say: int32, and `masks` [3]; zeros of what is not there."""

    first_pixel: tf.Tensor
    size: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    bits: tf.Tensor
    compression: tf.Tensor
    colours: tf.Tensor
    masks: tf.Tensor
    alpha: tf.Tensor


def decode_bmp(contents: tf.Tensor, decoding: Decoding) -> tf.Tensor:
    """The image of a file's bytes (scalar string): uint8 [H, W, 3].

    InvalidArgumentError where it is refused, is cut off, or has more pixels than are allowed.
    """
    header = _header(contents)
    contents = provided(contents, _is_known(header), REFUSED)
    width, height = header.width, tf.abs(header.height)
    contents = limited(contents, tf.cast(width, tf.int64) * tf.cast(height, tf.int64), decoding)
    # The lowest row comes first, but where the height is negative.
    rows = _rows(contents, header, height)[:: -tf.sign(header.height)]
    return tf.cond(
        header.bits <= 8,
        lambda: tf.gather(_palette(contents, header), _indices(rows, header.bits)[:, :width]),
        lambda: _colours(rows[:, : width * header.bits // 8], header, decoding.background),
    )


def _header(contents: tf.Tensor) -> _Header:
    values = tf.io.decode_raw([part(contents, 2, 68)], tf.int32, fixed_length=68)[0]
    found = {name: values[index] for name, index in PLACES.items()}
    # The lower half says that there is one plane.
    found["bits"] = tf.bitwise.right_shift(found["bits"], 16)
    return _Header(**found, masks=values[MASKS], alpha=values[ALPHA_MASK])


def _is_known(header: _Header) -> tf.Tensor:
    is_plain = (header.compression == 0) & tf.reduce_any(header.bits == [1, 4, 8, 24, 32])
    is_masked = (header.compression == BY_MASKS) & (header.bits == 32)
    is_masked &= tf.reduce_all(header.masks == [RED, GREEN, BLUE])
    return (header.size >= SHORTEST_HEADER) & (is_plain | is_masked)


def _rows(contents: tf.Tensor, header: _Header, height: tf.Tensor) -> tf.Tensor:
    """As they are stored, uint8 [H, bytes]."""
    stride = (header.width * header.bits + 31) // 32 * 4
    end = FILE_HEADER + header.size
    # Some programs forget the palette when they say where the pixels are.
    is_forgotten = (header.bits <= 8) & (header.first_pixel == end)
    first = tf.where(is_forgotten, end + 4 * _palette_size(header), header.first_pixel)
    stored = part(contents, first, tf.maximum(stride * height, 0))
    is_whole = (tf.strings.length(stored) == stride * height) & (stride * height > 0)
    stored = provided(stored, is_whole, "A BMP that is cut off cannot be decoded.")
    return tf.reshape(tf.io.decode_raw(stored, tf.uint8), [height, stride])


def _colours_of(bits: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.left_shift(1, bits)


def _palette_size(header: _Header) -> tf.Tensor:
    return tf.where(header.colours == 0, _colours_of(header.bits), header.colours)


def _palette(contents: tf.Tensor, header: _Header) -> tf.Tensor:
    """The colours of all indices, uint8 [256, 3]: what the file does not tell of is black."""
    size = tf.clip_by_value(_palette_size(header), 0, 256)
    stored = part(contents, FILE_HEADER + header.size, 4 * size)
    colours = tf.reshape(tf.io.decode_raw([stored], tf.uint8, fixed_length=1024), [256, 4])[:, 2::-1]
    # Pillow takes greys in this order for pixels of as many bits as its own greys have.
    greys = tf.where((size <= 2) & (GREYS == 1), tf.constant(255, tf.uint8), GREYS)[:, None]
    are_greys = tf.reduce_all((colours == greys) | (GREYS[:, None] >= size))
    fits = ~are_greys | (header.bits == tf.where(size <= 2, 1, 8))
    return provided(tf.where(are_greys, greys, colours), fits, REFUSED)


def _indices(rows: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """int32 [H, pixels], the first of a byte in its highest bits."""
    values = tf.bitwise.right_shift(tf.cast(rows, tf.int32)[..., None], tf.range(8 - bits, -1, -bits))
    return tf.reshape(values % _colours_of(bits), [tf.shape(rows)[0], -1])


def _colours(rows: tf.Tensor, header: _Header, background: str) -> tf.Tensor:
    """Of 24 bits, or of 32, of which the last 8 are alpha only where a mask says so."""
    pixels = tf.reshape(rows, [tf.shape(rows)[0], -1, header.bits // 8])
    has_alpha = (header.compression == BY_MASKS) & (header.size >= WITH_ALPHA_MASK) & (header.alpha == ALPHA)
    return tf.cond(has_alpha, lambda: _opaque(pixels, background), lambda: pixels[..., 2::-1])


def _opaque(pixels: tf.Tensor, background: str) -> tf.Tensor:
    """To the bit as images of other formats, which are put on the background in 16 bits."""
    values = tf.cast(pixels, tf.float32) * 257
    return on_background(values[..., 2::-1] * (255 / 65535), values[..., 3:] / 65535, background)
