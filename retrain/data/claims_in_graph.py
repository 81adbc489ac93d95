"""What `retrain.image_claims` says of a file, by TensorFlow ops alone: how many pixels it claims.

Of JPEG, PNG and WebP, and the reading of numbers in bytes on which all graphs that look into files are built.
"""

from collections.abc import Callable

import tensorflow as tf

from retrain.image_claims import MOST_SCANS, SCAN, UNBOUNDED
from retrain.image_formats import JPEG, PNG, WEBP
from retrain.settings.data import Decoding


def admitted(
    contents: tf.Tensor, decoding: Decoding, of_others: Callable[[], tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """The contents, and how many pixels they claim, int64; InvalidArgumentError where these are too many.

    `of_others` gives the number for what is neither JPEG, PNG nor WebP, and for a JPEG in which more may be
    scans than are allowed.
    """
    pieces = tf.strings.split([contents], SCAN, maxsplit=MOST_SCANS + 1).flat_values
    pixels = tf.case(
        [
            (begins(contents, JPEG) & (tf.size(pieces) <= MOST_SCANS + 1), lambda: _of_jpeg(contents)),
            (begins(contents, PNG), lambda: area(number(contents, 16, 4), number(contents, 20, 4))),
            (begins(contents, WEBP), lambda: _of_webp(contents)),
        ],
        default=of_others,
    )
    check = tf.raw_ops.Assert(
        condition=pixels <= int(decoding.max_megapixels * 10**6), data=["too many pixels:", pixels]
    )
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(contents), tf.identity(pixels)


def area(height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Their product, int64; without bounds where one of them is no `number`."""
    product = tf.cast(height, tf.int64) * tf.cast(width, tf.int64)
    return tf.where((height < 0) | (width < 0), tf.constant(UNBOUNDED, tf.int64), product)


def _of_jpeg(contents: tf.Tensor) -> tf.Tensor:
    return tf.reduce_prod(tf.image.extract_jpeg_shape(contents, tf.int64)[:2])


def _of_webp(contents: tf.Tensor) -> tf.Tensor:
    """Source of the numbers' places: RFC 9649, 2.5 to 2.7."""
    kind = part(contents, 12, 4)

    def of_extended() -> tf.Tensor:
        sides = [number(contents, at, 2, True) + number(contents, at + 2, 1) * 2**16 + 1 for at in (24, 27)]
        return area(*sides)

    def of_lossless() -> tf.Tensor:
        low, high = (number(contents, at, 2, True) for at in (21, 23))
        return area(low % 2**14 + 1, (low // 2**14 + high * 4) % 2**14 + 1)

    def of_lossy() -> tf.Tensor:
        return area(*(number(contents, at, 2, True) % 2**14 for at in (26, 28)))

    return tf.case([(kind == b"VP8X", of_extended), (kind == b"VP8L", of_lossless)], default=of_lossy)


def begins(contents: tf.Tensor, beginning: bytes) -> tf.Tensor:
    """Whether these are the first bytes."""
    return tf.strings.substr(contents, 0, len(beginning)) == beginning


def number(
    contents: tf.Tensor, place: tf.Tensor | int, length: int, is_little: tf.Tensor | bool = False
) -> tf.Tensor:
    """An unsigned number of 2 or 4 bytes as int32; -1 where the contents end before, or it is greater."""
    digits = tf.cast(tf.io.decode_raw([part(contents, place, length)], tf.uint8, fixed_length=4), tf.int64)
    places = [256**power for power in range(length)]
    little = tf.reduce_sum(digits[0, :length] * places)
    value = tf.where(is_little, little, tf.reduce_sum(digits[0, :length] * places[::-1]))
    ends = tf.cast(place, tf.int64) + length > tf.cast(tf.strings.length(contents), tf.int64)
    return tf.cast(tf.where(ends | (value > 2**30), tf.constant(-1, tf.int64), value), tf.int32)


def part(contents: tf.Tensor, place: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """Bytes from a place on; none of a place that is outside."""
    inside = (tf.convert_to_tensor(place) >= 0) & (place <= tf.strings.length(contents))
    return tf.strings.substr(contents, tf.where(inside, place, 0), tf.where(inside, length, 0))
