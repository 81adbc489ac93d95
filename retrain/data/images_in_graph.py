"""From a file's bytes to an upright RGB image by TensorFlow ops alone, for graphs that are served elsewhere.

What `retrain.data.images` leaves to Pillow is done here in the graph: how to hold the image is read from the
EXIF block of a JPEG, PNG or WebP, and pixels of a PNG or WebP that are not opaque are put on the background.
The same pixels come of JPEG, PNG (of 8 and 16 bits), GIF (the first frame), BMP and WebP. What a graph cannot
read is refused with InvalidArgumentError: TIFF, AVIF, HEIF, PNM, and WebP that is animated. Three rare things
are another image than in training: CMYK JPEGs without Adobe's marker, transparent GIFs, and an orientation
that is said in XMP alone.
"""

from typing import Any

import tensorflow as tf

from retrain.data.images import Stored, decode, decode_deep, on_background, resize_upright
from retrain.settings.data import WHITE

# Source of the blocks: EXIF 2.32, 4.5 and 4.6; PNG 3.0, 5.3.
EXIF, ORIENTATION, SHORTEST_TIFF = b"Exif\0\0", 0x0112, 8
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG", b"RIFF"
ANIMATED = 2  # the bit in the flags of an extended WebP (RFC 9649, 2.7)
# Colour types of a PNG whose pixels have an alpha channel.
GREY_ALPHA, RGB_ALPHA = b"\4", b"\6"


def image_from_bytes(contents: tf.Tensor, image_size: tuple[int, int], background: str = WHITE) -> tf.Tensor:
    """One file's bytes (scalar string), resized to image_size: float32 [h, w, 3] in [0, 1]."""
    image = tf.case(
        [
            (_begins(contents, PNG) & _is_deep(contents), lambda: decode_deep(contents, background)[0]),
            (_begins(contents, WEBP), lambda: _decode_webp(contents, background)),
        ],
        default=lambda: decode(contents),
    )
    return resize_upright(Stored(image, orientation_of(contents)), image_size)


def orientation_of(contents: tf.Tensor) -> tf.Tensor:
    """How to hold the image, as the EXIF block of a JPEG, PNG or WebP says: int32, 1 to 8; else 1."""
    block = tf.case(
        [
            (_begins(contents, JPEG), lambda: _exif_of_jpeg(contents)),
            (_begins(contents, PNG), lambda: _exif_of_png(contents)),
            (_begins(contents, WEBP), lambda: _exif_of_webp(contents)),
        ],
        default=lambda: tf.constant(b""),
    )
    found = tf.cond(
        tf.strings.length(block) > SHORTEST_TIFF, lambda: _orientation_in(block), lambda: tf.constant(1)
    )
    return tf.where((found >= 1) & (found <= 8), found, 1)


def _begins(contents: tf.Tensor, beginning: bytes) -> tf.Tensor:
    return tf.strings.substr(contents, 0, len(beginning)) == beginning


def _is_deep(contents: tf.Tensor) -> tf.Tensor:
    """Whether a PNG has an alpha channel or 16 bits."""
    depth, colour = (_part(contents, place, 1) for place in (24, 25))
    # What says which colours are transparent stands before the image data, and a PNG begins with little else.
    has_transparent = tf.strings.regex_full_match(tf.strings.substr(contents, 0, 4096), r"(?s)\C*tRNS\C*")
    return (depth == b"\x10") | (colour == GREY_ALPHA) | (colour == RGB_ALPHA) | has_transparent


def _decode_webp(contents: tf.Tensor, background: str) -> tf.Tensor:
    # TensorFlow 2.21 writes beyond its memory where it decodes an animation.
    extended = _part(contents, 12, 4) == b"VP8X"
    is_animation = extended & (_number(contents, 20, 1) // ANIMATED % 2 == 1)
    still = tf.raw_ops.Assert(
        condition=~is_animation, data=["An animated WebP cannot be decoded in a graph."]
    )
    with tf.control_dependencies([still]):
        contents = tf.identity(contents)
    # Not decode_webp, for TensorFlow 2.15 would not load a graph with an operation that it does not know.
    as_stored = 0
    pixels = tf.io.decode_image(contents, channels=as_stored, expand_animations=False)
    colours = pixels[..., :3]

    def put_on() -> tf.Tensor:
        alpha = tf.cast(pixels[..., 3:], tf.float32) / 255
        return on_background(tf.cast(colours, tf.float32), alpha, background)

    return tf.cond(tf.shape(pixels)[2] == 4, put_on, lambda: colours)


def _exif_of_jpeg(contents: tf.Tensor) -> tf.Tensor:
    """The TIFF block in the first APP1 segment that begins with "Exif"; empty where there is none."""

    def goes_on(place: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        marker = _number(contents, place, 2)
        # From the scan on (FFDA) there are pixels; before it each segment says how long it is.
        is_segment = (marker >= 0xFFC0) & (marker != 0xFFDA) & (place + 4 < tf.strings.length(contents))
        return is_segment & (tf.strings.length(block) == 0)

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = _number(contents, place + 2, 2)
        body = _part(contents, place + 4, tf.maximum(length - 2, 0))
        is_exif = (_number(contents, place, 2) == 0xFFE1) & _begins(body, EXIF)
        found = tf.where(is_exif, _part(body, len(EXIF), tf.maximum(length, 0)), b"")
        return place + 2 + tf.maximum(length, 2), found

    return tf.while_loop(goes_on, step, [tf.constant(2), tf.constant(b"")])[1]


def _exif_of_png(contents: tf.Tensor) -> tf.Tensor:
    """The content of the chunk eXIf; empty where there is none."""

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = tf.maximum(_number(contents, place, 4), 0)
        is_exif = _part(contents, place + 4, 4) == b"eXIf"
        return place + 12 + length, tf.where(is_exif, _part(contents, place + 8, length), b"")

    return _found_in_chunks(contents, 8, step)


def _exif_of_webp(contents: tf.Tensor) -> tf.Tensor:
    """The content of the chunk EXIF; empty where there is none."""

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = tf.maximum(_number(contents, place + 4, 4, True), 0)
        body = _part(contents, place + 8, length)
        # Some programs write it as in a JPEG.
        body = tf.where(_begins(body, EXIF), _part(body, len(EXIF), length), body)
        is_exif = _part(contents, place, 4) == b"EXIF"
        return place + 8 + length + length % 2, tf.where(is_exif, body, b"")

    return _found_in_chunks(contents, 12, step)


def _found_in_chunks(contents: tf.Tensor, first: int, step: Any) -> tf.Tensor:
    """What `step` finds, (place of a chunk, nothing) -> (place of the next, what was found)."""

    def goes_on(place: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        return (place + 8 <= tf.strings.length(contents)) & (tf.strings.length(block) == 0)

    return tf.while_loop(goes_on, step, [tf.constant(first), tf.constant(b"")])[1]


def _orientation_in(block: tf.Tensor) -> tf.Tensor:
    """The value of the tag in the first directory of a TIFF block; 0 where it is not there."""
    is_little = _begins(block, b"II")
    first = _number(block, 4, 4, is_little)
    count = _number(block, first, 2, is_little)

    def goes_on(entry: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        return (entry < count) & (found == 0) & (first + 14 + 12 * entry <= tf.strings.length(block))

    def step(entry: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = first + 2 + 12 * entry
        is_orientation = _number(block, place, 2, is_little) == ORIENTATION
        return entry + 1, tf.where(is_orientation, _number(block, place + 8, 2, is_little), 0)

    return tf.while_loop(goes_on, step, [tf.constant(0), tf.constant(0)])[1]


def _number(
    contents: tf.Tensor, place: tf.Tensor | int, length: int, is_little: tf.Tensor | bool = False
) -> tf.Tensor:
    """An unsigned number of 2 or 4 bytes as int32; -1 where the contents end before, or it is greater."""
    digits = tf.cast(tf.io.decode_raw([_part(contents, place, length)], tf.uint8, fixed_length=4), tf.int64)
    places = [256**power for power in range(length)]
    little = tf.reduce_sum(digits[0, :length] * places)
    value = tf.where(is_little, little, tf.reduce_sum(digits[0, :length] * places[::-1]))
    ends = tf.cast(place, tf.int64) + length > tf.cast(tf.strings.length(contents), tf.int64)
    return tf.cast(tf.where(ends | (value > 2**30), tf.constant(-1, tf.int64), value), tf.int32)


def _part(contents: tf.Tensor, place: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """Bytes from a place on; none of a place that is outside."""
    inside = (tf.convert_to_tensor(place) >= 0) & (place <= tf.strings.length(contents))
    return tf.strings.substr(contents, tf.where(inside, place, 0), tf.where(inside, length, 0))
