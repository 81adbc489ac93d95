"""What `retrain.image_claims` says of a file, by TensorFlow ops alone: how many pixels it claims.

Of JPEG, PNG and WebP, and the reading of numbers in bytes on which all graphs that look into files are
built. They are kept small: every pass over files, and whoever loads an export, pays for each operation.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from retrain.image_claims import MOST_SCANS, SCAN
from retrain.image_formats import JPEG, PNG, WEBP
from retrain.settings.data import Decoding

_TYPES = {1: tf.uint8, 2: tf.uint16, 4: tf.int32}
_HEAD = 30  # bytes, in which all of these say their size
# The bytes of each number, from the lowest on. Source: PNG 3.0, 11.2.1; RFC 9649, 2.5 to 2.7.
_PLACES = {
    "png_width": range(19, 15, -1),
    "png_height": range(23, 19, -1),
    "across": range(24, 27),
    "down": range(27, 30),
    "lossless": range(21, 25),
    "wide": range(26, 28),
    "high": range(28, 30),
}
_WEIGHTS = np.zeros([len(_PLACES), _HEAD], np.int64)
for _row, _bytes in enumerate(_PLACES.values()):
    _WEIGHTS[_row, list(_bytes)] = 256 ** np.arange(len(_bytes))


def admitted(
    contents: tf.Tensor, decoding: Decoding, of_others: Callable[[], tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """The contents, and how many pixels they claim, int64; InvalidArgumentError where these are too many.

    `of_others` gives the number for what is neither JPEG, PNG nor WebP, and for a JPEG in which more may
    be scans than are allowed.
    """
    head = tf.strings.substr(contents, 0, _HEAD) + _HEAD * b"\0"
    is_jpeg = begins(head, JPEG)
    # The pieces are copies: of what is no JPEG there are none.
    splittable = tf.reshape(tf.where(is_jpeg, contents, b""), [1])
    pieces = tf.raw_ops.StringSplitV2(input=splittable, sep=SCAN, maxsplit=MOST_SCANS + 1).values
    told = begins(head, PNG) | begins(head, WEBP)
    pixels = tf.cond(
        is_jpeg & (tf.size(pieces) <= MOST_SCANS + 1),
        lambda: _of_jpeg(contents),
        lambda: tf.cond(told, lambda: _in_head(head), of_others),
    )
    return limited(contents, pixels, decoding), tf.identity(pixels)


def limited(value: tf.Tensor, pixels: tf.Tensor, decoding: Decoding) -> tf.Tensor:
    """The value; InvalidArgumentError where these are more pixels than are allowed."""
    return provided(value, pixels <= int(decoding.max_megapixels * 10**6), "too many pixels:", pixels)


def provided(value: tf.Tensor, condition: tf.Tensor, *said: tf.Tensor | str) -> tf.Tensor:
    """The value; InvalidArgumentError, with what is said, where the condition does not hold."""
    check = tf.raw_ops.Assert(condition=condition, data=said)
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(value)


def _of_jpeg(contents: tf.Tensor) -> tf.Tensor:
    return tf.reduce_prod(tf.image.extract_jpeg_shape(contents, tf.int64)[:2])


def _in_head(head: tf.Tensor) -> tf.Tensor:
    """Of a PNG or WebP, by the bytes that it begins with; those that are missing are zeros.

    All numbers at once, without branches: every pass over files builds this graph anew.
    """
    values = tf.cast(tf.io.decode_raw([head], tf.uint8, fixed_length=_HEAD), tf.int64)
    found = dict(zip(_PLACES, tf.unstack(tf.reduce_sum(_WEIGHTS * values, axis=1)), strict=True))
    kind = tf.strings.substr(head, 12, 4)
    bits = found["lossless"]
    sides = tf.where(
        kind == b"VP8X",
        [found["across"] + 1, found["down"] + 1],
        [found["wide"] % 2**14, found["high"] % 2**14],
    )
    sides = tf.where(kind == b"VP8L", [bits % 2**14 + 1, bits // 2**14 % 2**14 + 1], sides)
    sides = tf.where(begins(head, PNG), [found["png_width"], found["png_height"]], sides)
    return tf.reduce_prod(tf.minimum(sides, 2**31 - 1))


def begins(contents: tf.Tensor, beginning: bytes) -> tf.Tensor:
    """Whether these are the first bytes."""
    return tf.strings.substr(contents, 0, len(beginning)) == beginning


def number(
    contents: tf.Tensor, place: tf.Tensor | int, length: int, is_little: tf.Tensor | bool = False
) -> tf.Tensor:
    """An unsigned number of 1, 2 or 4 bytes as int32; -1 of what ends before, or is above 2**30."""
    bytes_of_it = part(contents, place, length)

    def read(little: bool) -> tf.Tensor:
        values = tf.io.decode_raw(bytes_of_it, _TYPES[length], little, fixed_length=length)
        return tf.cast(tf.squeeze(values, 0), tf.int32)

    value = read(is_little) if isinstance(is_little, bool) else tf.where(is_little, read(True), read(False))
    is_none = tf.strings.length(bytes_of_it) < length
    if length == 4:
        is_none |= (value < 0) | (value > 2**30)
    return tf.where(is_none, -1, value)


def part(contents: tf.Tensor, place: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """Bytes from a place on; none of a place that is outside."""
    end, place = tf.strings.length(contents), tf.convert_to_tensor(place)
    return tf.strings.substr(contents, tf.where((place >= 0) & (place <= end), place, end), length)
