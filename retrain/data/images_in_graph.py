"""From a file's bytes to an upright RGB image by TensorFlow ops alone, for graphs that are served elsewhere.

What `retrain.data.images` leaves to Pillow is done here in the graph: how to hold the image is read from the
EXIF block of a JPEG, PNG or WebP, and pixels that are not opaque are put on the background. The same pixels
come of JPEG, PNG (of 8 and 16 bits), GIF (the first image), BMP and WebP. What a graph cannot read is refused
with InvalidArgumentError: TIFF, AVIF, HEIF, PNM, animated WebPs, CMYK JPEGs without Adobe's marker, unusual
BMPs, and what claims more pixels than are allowed. Other than in training is only an orientation that is said
in XMP alone.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from retrain.data.bmp_in_graph import BMP, decode_bmp
from retrain.data.claims_in_graph import admitted, begins, number, part, provided
from retrain.data.deep_in_graph import decode_deep
from retrain.data.gif_in_graph import GIF, decode_gif
from retrain.data.images import Stored, decode, resize_upright
from retrain.image_claims import UNBOUNDED
from retrain.image_formats import JPEG, PNG, WEBP
from retrain.settings.data import AS_USUAL, Decoding

# Source of the blocks: EXIF 2.32, 4.5 and 4.6; PNG 3.0, 5.3.
EXIF, ORIENTATION, SHORTEST_TIFF = b"Exif\0\0", 0x0112, 8
ANIMATED = 2  # the bit in the flags of an extended WebP (RFC 9649, 2.7)
# Colour types of a PNG whose pixels have an alpha channel.
GREY_ALPHA, RGB_ALPHA = b"\4", b"\6"
CLEAR_COLOURS, MARKER_OF_ADOBE = r"(?s)\C*tRNS\C*", r"(?s)\C*Adobe\x00[de]\C*"  # the latter with its version


def image_from_bytes(
    contents: tf.Tensor, image_size: tuple[int, int], decoding: Decoding = AS_USUAL
) -> tf.Tensor:
    """One file's bytes (scalar string), resized to image_size: float32 [h, w, 3] in [0, 1]."""
    contents, _ = admitted(contents, decoding, lambda: _pixels_of_others(contents))
    image = tf.case(
        [
            (begins(contents, JPEG), lambda: decode(_of_known_inks(contents))),
            (begins(contents, PNG) | begins(contents, WEBP), lambda: _apart(_clear, contents, decoding)),
            (begins(contents, GIF), lambda: _apart(decode_gif, contents, decoding)),
            (begins(contents, BMP), lambda: _apart(decode_bmp, contents, decoding)),
        ],
        default=lambda: decode(contents),
    )
    image = tf.ensure_shape(image, [None, None, 3])
    return resize_upright(Stored(image, orientation_of(contents)), image_size, decoding.antialias)


def _apart(function: Callable[..., tf.Tensor], contents: tf.Tensor, *more: Decoding) -> tf.Tensor:
    """A call that stays one node: for a JPEG, too, each operation of what is not called would be passed."""
    called = tf.function(
        lambda contents: function(contents, *more),
        input_signature=[tf.TensorSpec([], tf.string)],
        autograph=False,
        experimental_attributes={"_noinline": True},
    )
    return called(contents)


def _pixels_of_others(contents: tf.Tensor) -> tf.Tensor:
    """A JPEG is here for its many scans; of the rest the decoder knows."""
    return tf.where(begins(contents, JPEG), tf.constant(UNBOUNDED, tf.int64), 0)


def orientation_of(contents: tf.Tensor) -> tf.Tensor:
    """How to hold the image, as the EXIF block of a JPEG, PNG or WebP says: int32, 1 to 8; else 1."""
    block = tf.case(
        [
            (begins(contents, JPEG), lambda: _exif_of_jpeg(contents)),
            (begins(contents, PNG), lambda: _apart(_exif_of_png, contents)),
            (begins(contents, WEBP), lambda: _apart(_exif_of_webp, contents)),
        ],
        default=lambda: tf.constant(b""),
    )
    found = tf.cond(
        tf.strings.length(block) > SHORTEST_TIFF, lambda: _orientation_in(block), lambda: tf.constant(1)
    )
    return tf.where((found >= 1) & (found <= 8), found, 1)


def _of_known_inks(contents: tf.Tensor) -> tf.Tensor:
    # Without the marker TensorFlow takes inks for colours that are not inverted, viewers as all others.
    is_known = tf.cond(
        tf.image.extract_jpeg_shape(contents)[2] == 4,
        lambda: tf.strings.regex_full_match(contents, MARKER_OF_ADOBE),
        lambda: tf.constant(True),
    )
    said = "A CMYK JPEG without the marker of Adobe cannot be decoded in a graph: save it as RGB."
    return provided(contents, is_known, said)


def _clear(contents: tf.Tensor, decoding: Decoding) -> tf.Tensor:
    """Of a PNG or WebP, which may be transparent."""
    # TensorFlow 2.21 writes beyond its memory where it decodes an animation.
    is_webp, flags = begins(contents, WEBP), number(contents, 20, 1)
    is_animation = is_webp & (part(contents, 12, 4) == b"VP8X") & (flags // ANIMATED % 2 == 1)
    said = "An animated WebP cannot be decoded in a graph: save one of its images."
    contents = provided(contents, ~is_animation, said)
    return tf.cond(
        is_webp | _is_deep(contents),
        lambda: decode_deep(contents, decoding.background),
        lambda: decode(contents),
    )


def _is_deep(contents: tf.Tensor) -> tf.Tensor:
    """Whether a PNG has an alpha channel or 16 bits."""
    depth, colour = (part(contents, place, 1) for place in (24, 25))
    # What says which colours are transparent stands before the image data, but profiles and texts may, too.
    has_transparent = tf.strings.regex_full_match(tf.strings.substr(contents, 0, 2**20), CLEAR_COLOURS)
    return (depth == b"\x10") | (colour == GREY_ALPHA) | (colour == RGB_ALPHA) | has_transparent


def _exif_of_jpeg(contents: tf.Tensor) -> tf.Tensor:
    """The TIFF block in the first APP1 segment that begins with "Exif"; empty where there is none."""

    def goes_on(place: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        marker = number(contents, place, 2)
        # From the scan on (FFDA) there are pixels; before it each segment says how long it is.
        is_segment = (marker >= 0xFFC0) & (marker != 0xFFDA) & (place + 4 < tf.strings.length(contents))
        return is_segment & (tf.strings.length(block) == 0)

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = number(contents, place + 2, 2)
        body = part(contents, place + 4, tf.maximum(length - 2, 0))
        is_exif = (number(contents, place, 2) == 0xFFE1) & begins(body, EXIF)
        found = tf.where(is_exif, part(body, len(EXIF), tf.maximum(length, 0)), b"")
        return place + 2 + tf.maximum(length, 2), found

    return tf.while_loop(goes_on, step, [tf.constant(2), tf.constant(b"")])[1]


def _exif_of_png(contents: tf.Tensor) -> tf.Tensor:
    """The content of the chunk eXIf; empty where there is none."""

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = tf.maximum(number(contents, place, 4), 0)
        is_exif = part(contents, place + 4, 4) == b"eXIf"
        return place + 12 + length, tf.where(is_exif, part(contents, place + 8, length), b"")

    return _found_in_chunks(contents, 8, step)


def _exif_of_webp(contents: tf.Tensor) -> tf.Tensor:
    """The content of the chunk EXIF; empty where there is none."""

    def step(place: tf.Tensor, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = tf.maximum(number(contents, place + 4, 4, True), 0)
        body = part(contents, place + 8, length)
        # Some programs write it as in a JPEG.
        body = tf.where(begins(body, EXIF), part(body, len(EXIF), length), body)
        is_exif = part(contents, place, 4) == b"EXIF"
        return place + 8 + length + length % 2, tf.where(is_exif, body, b"")

    return _found_in_chunks(contents, 12, step)


def _found_in_chunks(contents: tf.Tensor, first: int, step: Any) -> tf.Tensor:
    """What `step` finds, (place of a chunk, nothing) -> (place of the next, what was found)."""

    def goes_on(place: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        return (place + 8 <= tf.strings.length(contents)) & (tf.strings.length(block) == 0)

    return tf.while_loop(goes_on, step, [tf.constant(first), tf.constant(b"")])[1]


def _orientation_in(block: tf.Tensor) -> tf.Tensor:
    """The value of the tag in the first directory of a TIFF block; 0 where it is not there."""
    is_little = begins(block, b"II")
    first = number(block, 4, 4, is_little)
    count = number(block, first, 2, is_little)

    def goes_on(entry: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        return (entry < count) & (found == 0) & (first + 14 + 12 * entry <= tf.strings.length(block))

    def step(entry: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = first + 2 + 12 * entry
        is_orientation = number(block, place, 2, is_little) == ORIENTATION
        return entry + 1, tf.where(is_orientation, number(block, place + 8, 2, is_little), 0)

    return tf.while_loop(goes_on, step, [tf.constant(0), tf.constant(0)])[1]
