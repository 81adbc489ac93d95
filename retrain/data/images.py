"""From a file's bytes to an upright RGB image: one decoding for training, evaluation and prediction alike.

TensorFlow decodes JPEG and PNG; of other formats, and where it would show something else than viewers do,
`retrain.data.readable` makes a file that it reads. Pixels that are not opaque are put on a background, values
of 8 or 12 bits in 16 are taken as such, and what the camera noted about its position is applied. All is
TensorFlow ops, in graphs and eagerly alike, and raises InvalidArgumentError for what cannot be decoded. What
a module wants other than [0, 1] is the module's.

The facts of an image are what is remembered of it beside its features, the same for every module: `magic`,
the first bytes of the file; `size`, upright height and width, int32 [2]; `thumbnail`, uint8 [32, 32, 3], mean
colours; `traits`, int32, a sum of TRANSPARENT and NARROW.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import ImageColor

from retrain.data.image_facts import NARROW, TRANSPARENT
from retrain.data.readable import is_deep, readable
from retrain.image_formats import LONGEST
from retrain.settings.data import WHITE

# Names everything here that decides a pixel: part of the key under which features are kept.
DECODING = "decode_image exif bilinear 2"

IMAGES = "images"  # the input of that name, of every module and classifier

ImageFacts = dict[str, tf.Tensor]
THUMBNAIL_SIDE = 32
SAMPLED = 256  # rows or columns at least, where there are so many

# Beginnings of files of which nothing else need be known ("?" is any byte), because TensorFlow shows them as
# viewers do: a lossy WebP, and a JPEG of one or three components whose tables and frame come at once, or
# after a JFIF segment, so that EXIF has no place. The rest is looked into by Python.
_JFIF = b"\xff\xe0\0\x10" + 14 * b"?"
_TABLES = (b"\xff\xdb\0\x43" + 65 * b"?", b"\xff\xdb\0\x84" + 130 * b"?", 2 * (b"\xff\xdb\0\x43" + 65 * b"?"))
_PLAIN = (
    b"RIFF????WEBPVP8 ",
    *(
        b"\xff\xd8" + jfif + tables + b"\xff" + frame + 7 * b"?" + components
        for jfif in (b"", _JFIF)
        for tables in _TABLES
        for frame in (b"\xc0", b"\xc2")
        for components in (b"\1", b"\3")
    ),
)
_HEAD = max(map(len, _PLAIN))
_BYTES = np.array([np.frombuffer(head.ljust(_HEAD, b"?"), np.uint8) for head in _PLAIN])
_ANY = np.equal(_BYTES, ord("?"))

_TURNED = 5  # from this orientation on, height and width are exchanged


class Stored(NamedTuple):
    """An image as it is stored, uint8 [H, W, 3]; the EXIF orientation, by which to hold it; its traits."""

    image: tf.Tensor
    orientation: tf.Tensor
    traits: tf.Tensor | None = None


def decode_image(contents: tf.Tensor, background: str = WHITE) -> tf.Tensor:
    """The image of one file's bytes (scalar string), upright: uint8 [H, W, 3].

    `background` is the colour behind pixels that are not opaque, as Pillow names colours.
    """
    image, orientation, _ = _stored(contents, background)
    return tf.ensure_shape(_upright(image, orientation), [None, None, 3])


def load_image(path: tf.Tensor, image_size: tuple[int, int], background: str = WHITE) -> tf.Tensor:
    """The image of one file, resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""
    return resize_upright(_stored(tf.io.read_file(path), background), image_size)


def load_image_and_facts(
    path: tf.Tensor, image_size: tuple[int, int], background: str = WHITE
) -> tuple[tf.Tensor, ImageFacts]:
    """What `load_image` gives, and the facts of the same image."""
    contents = tf.io.read_file(path)
    stored = _stored(contents, background)
    return resize_upright(stored, image_size), _facts(contents, stored)


def load_facts(path: tf.Tensor, background: str = WHITE) -> ImageFacts:
    """The facts of one file's image alone."""
    contents = tf.io.read_file(path)
    return _facts(contents, _stored(contents, background))


def _stored(contents: tf.Tensor, background: str) -> Stored:
    nothing = tf.constant(0)
    stored = tf.cond(
        _is_plain(contents),
        lambda: (decode(contents), nothing + 1, nothing),
        lambda: _looked_into(contents, background),
    )
    return Stored(tf.ensure_shape(stored[0], [None, None, 3]), *stored[1:])


def content_hash(contents: tf.Tensor) -> tf.Tensor:
    """What a file is known by, wherever it lies: Fingerprint64, which TensorFlow promises never to change."""
    return tf.strings.to_hash_bucket_fast(contents, tf.int64.max)


def _facts(contents: tf.Tensor, stored: Stored) -> ImageFacts:
    """Of large images only some rows and columns are looked at: all would cost half as much as decoding."""
    image, orientation, traits = stored
    size = tf.shape(image)[:2]
    apart = tf.maximum(1, tf.reduce_min(size) // SAMPLED)
    looked_at = tf.ensure_shape(image[::apart, ::apart], [None, None, 3])
    means = tf.image.resize(looked_at, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), "area")
    thumbnail = _upright(tf.cast(tf.round(means), tf.uint8), orientation)
    return {
        "magic": tf.strings.substr(contents, 0, LONGEST),
        "content": content_hash(contents),
        "size": tf.where(orientation < _TURNED, size, size[::-1]),
        "thumbnail": tf.ensure_shape(thumbnail, [THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3]),
        "traits": traits,
    }


def decode(contents: tf.Tensor) -> tf.Tensor:
    """The image of bytes that TensorFlow decodes, of animations the first frame: uint8 [H, W, 3]."""
    image = tf.io.decode_image(contents, channels=3, expand_animations=False)
    return tf.ensure_shape(image, [None, None, 3])


def _looked_into(contents: tf.Tensor, background: str) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What `Stored` holds, of a file that Python has to look into."""
    types = (tf.string, tf.int32, tf.bool)
    contents, orientation, deep = tf.numpy_function(_readable, [contents], types)
    contents, orientation = tf.ensure_shape(contents, []), tf.ensure_shape(orientation, [])
    image, traits = tf.cond(
        tf.ensure_shape(deep, []),
        lambda: decode_deep(contents, background),
        lambda: (decode(contents), tf.constant(0)),
    )
    return image, orientation, traits


def _readable(contents: bytes | np.ndarray) -> tuple[bytes, np.int32, np.bool]:
    if isinstance(contents, np.ndarray):  # what TensorFlow makes of a string when it runs eagerly
        contents = contents.item()
    contents, orientation = readable(contents)
    return contents, np.int32(orientation), np.bool(is_deep(contents))


def decode_deep(contents: tf.Tensor, background: str) -> tuple[tf.Tensor, tf.Tensor]:
    """The image, and the traits, of a PNG that has an alpha channel or 16 bits."""
    pixels = tf.cast(tf.io.decode_png(contents, 4, tf.uint16), tf.float32)
    colours, alpha = pixels[..., :3], pixels[..., 3:] / 65535
    highest = tf.reduce_max(colours)
    # Cameras and scanners write 12 bits, and programs 8, as they are: black to whoever takes them for 16.
    has_16_bits = tf.strings.substr(contents, 24, 1) == b"\x10"
    narrow = has_16_bits & (highest > 0) & (highest <= 4095)
    whole = tf.where(narrow, tf.where(highest <= 255, 255.0, 4095.0), 65535.0)
    transparent = tf.reduce_any(alpha < 1)
    traits = TRANSPARENT * tf.cast(transparent, tf.int32) + NARROW * tf.cast(narrow, tf.int32)
    return on_background(colours * (255 / whole), alpha, background), traits


def on_background(colours: tf.Tensor, alpha: tf.Tensor, background: str) -> tf.Tensor:
    """Colours [H, W, 3] in [0, 255] and their alpha [H, W, 1] in [0, 1] -> the image, uint8 [H, W, 3]."""
    behind = tf.constant(ImageColor.getrgb(background)[:3], tf.float32)
    return tf.cast(tf.round(alpha * colours + (1 - alpha) * behind), tf.uint8)


def resize_upright(stored: Stored, image_size: tuple[int, int]) -> tf.Tensor:
    """Turned as it is to be held, and resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""
    image, orientation, _ = stored
    # Turned when it has become small: the same image, for much less.
    size = tf.where(orientation < _TURNED, image_size, image_size[::-1])
    resized = _upright(tf.image.resize(image, size), orientation)
    return tf.ensure_shape(resized, [*image_size, 3]) / 255.0


def _is_plain(contents: tf.Tensor) -> tf.Tensor:
    """Whether the file begins like one that Python need not look into, which costs ten times this check."""
    head = tf.io.decode_raw([contents], tf.uint8, fixed_length=_HEAD)
    return tf.reduce_any(tf.reduce_all((head == _BYTES) | _ANY, axis=1))


def _upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    def turned() -> tf.Tensor:
        return tf.transpose(image, [1, 0, 2])

    return tf.switch_case(
        orientation - 1,
        [
            lambda: image,
            lambda: tf.reverse(image, [1]),
            lambda: tf.reverse(image, [0, 1]),
            lambda: tf.reverse(image, [0]),
            turned,
            lambda: tf.reverse(turned(), [1]),
            lambda: tf.reverse(turned(), [0, 1]),
            lambda: tf.reverse(turned(), [0]),
        ],
    )
