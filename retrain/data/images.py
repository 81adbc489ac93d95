"""From a file's bytes to an upright RGB image: one decoding for training, evaluation and prediction alike.

Reads JPEG, PNG (8 and 16 bit, grey, palette, alpha), GIF (first frame), BMP and WebP. The alpha channel is
dropped, and what the camera noted about its position (EXIF orientation) is applied. All is TensorFlow ops, in
graphs and eagerly alike, and raises InvalidArgumentError for what cannot be decoded. What a module wants
other than [0, 1] is the module's.

The facts of an image are what is remembered of it beside its features, the same for every module: `magic`,
the first bytes of the file; `size`, upright height and width, int32 [2]; `thumbnail`, uint8 [32, 32, 3], mean
colours.
"""

import io

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image

# Names everything here that decides a pixel: part of the key under which features are kept.
DECODING = "decode_image exif bilinear 1"

IMAGES = "images"  # the input of that name, of every module and classifier

ImageFacts = dict[str, tf.Tensor]
THUMBNAIL_SIDE = 32
MAGIC_LENGTH = 4
SAMPLED = 256  # rows or columns at least, where there are so many

# Beginnings of files that hold no EXIF and that TensorFlow reads rightly ("?" is any byte): a JPEG whose
# data start at once or after a JFIF segment, a GIF, and a lossy WebP. The rest is looked into by Python.
_PLAIN = (
    b"\xff\xd8\xff\xdb",
    b"\xff\xd8\xff\xe0????????????????\xff\xdb",
    b"GIF8",
    b"RIFF????WEBPVP8 ",
)
_HEAD = 24
_BYTES = np.array([np.frombuffer(head.ljust(_HEAD, b"?"), np.uint8) for head in _PLAIN])
_ANY = np.equal(_BYTES, ord("?"))

# How a file begins, what stands before its EXIF block, and how many bytes of length lie between.
_EXIF = ((b"\xff\xd8", b"Exif\0\0", 0), (b"\x89PNG", b"eXIf", 0), (b"RIFF", b"EXIF", 4))
_EXIF_SIZE = 2**16

_TURNED = 5  # from this orientation on, height and width are exchanged


def decode_image(contents: tf.Tensor) -> tf.Tensor:
    """The image of one file's bytes (scalar string), upright: uint8 [H, W, 3]."""
    image = tf.cond(
        _is_plain(contents), lambda: _decode(contents), lambda: _upright(*_decode_and_orientation(contents))
    )
    return tf.ensure_shape(image, [None, None, 3])


def load_image(path: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    """The image of one file, resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""
    return _resize_upright(*_stored(tf.io.read_file(path)), image_size)


def load_image_and_facts(path: tf.Tensor, image_size: tuple[int, int]) -> tuple[tf.Tensor, ImageFacts]:
    """What `load_image` gives, and the facts of the same image."""
    contents = tf.io.read_file(path)
    image, orientation = _stored(contents)
    return _resize_upright(image, orientation, image_size), _facts(contents, image, orientation)


def load_facts(path: tf.Tensor) -> ImageFacts:
    """The facts of one file's image alone."""
    contents = tf.io.read_file(path)
    return _facts(contents, *_stored(contents))


def _stored(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The image as it is stored, uint8 [H, W, 3], and its EXIF orientation."""
    upright = tf.constant(1)
    image, orientation = tf.cond(
        _is_plain(contents),
        lambda: (_decode(contents), upright),
        lambda: _decode_and_orientation(contents),
    )
    return tf.ensure_shape(image, [None, None, 3]), orientation


def content_hash(contents: tf.Tensor) -> tf.Tensor:
    """What a file is known by, wherever it lies: Fingerprint64, which TensorFlow promises never to change."""
    return tf.strings.to_hash_bucket_fast(contents, tf.int64.max)


def _facts(contents: tf.Tensor, image: tf.Tensor, orientation: tf.Tensor) -> ImageFacts:
    """Of large images only some rows and columns are looked at: all would cost half as much as decoding."""
    size = tf.shape(image)[:2]
    apart = tf.maximum(1, tf.reduce_min(size) // SAMPLED)
    looked_at = tf.ensure_shape(image[::apart, ::apart], [None, None, 3])
    means = tf.image.resize(looked_at, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), "area")
    thumbnail = _upright(tf.cast(tf.round(means), tf.uint8), orientation)
    return {
        "magic": tf.strings.substr(contents, 0, MAGIC_LENGTH),
        "content": content_hash(contents),
        "size": tf.where(orientation < _TURNED, size, size[::-1]),
        "thumbnail": tf.ensure_shape(thumbnail, [THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3]),
    }


def _decode(contents: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(contents, channels=3, expand_animations=False)
    return tf.ensure_shape(image, [None, None, 3])


def _decode_and_orientation(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The image as it is stored, and the EXIF orientation (int32, 1 to 8) that says how to hold it."""
    contents, orientation = tf.numpy_function(_readable_and_orientation, [contents], (tf.string, tf.int32))
    return _decode(tf.ensure_shape(contents, [])), tf.ensure_shape(orientation, [])


def _resize_upright(image: tf.Tensor, orientation: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    # Turned when it has become small: the same image, for much less.
    size = tf.where(orientation < _TURNED, image_size, image_size[::-1])
    resized = _upright(tf.image.resize(image, size), orientation)
    return tf.ensure_shape(resized, [*image_size, 3]) / 255.0


def _is_plain(contents: tf.Tensor) -> tf.Tensor:
    """Whether the file begins like one that Python need not look into, which costs ten times this check."""
    head = tf.io.decode_raw([contents], tf.uint8, fixed_length=_HEAD)
    return tf.reduce_any(tf.reduce_all((head == _BYTES) | _ANY, axis=1))


def _readable_and_orientation(contents: bytes | np.ndarray) -> tuple[bytes, np.int32]:
    if isinstance(contents, np.ndarray):  # what TensorFlow makes of a string when it runs eagerly
        contents = contents.item()
    orientation = np.int32(_orientation(contents))
    misread = contents[:2] == b"BM" or contents[8:12] == b"WEBP"
    return _rewritten(contents) if misread else contents, orientation


def _rewritten(contents: bytes) -> bytes:
    """As a plain BMP: TensorFlow misreads the palette of a BMP, and refuses a WebP with alpha or frames."""
    try:
        with Image.open(io.BytesIO(contents)) as image:
            bmp = io.BytesIO()
            image.convert("RGB").save(bmp, "BMP")
            return bmp.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""  # which TensorFlow refuses like any damaged file


def _orientation(contents: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none that makes sense."""
    for magic, mark, gap in _EXIF:
        start = contents.find(mark) + len(mark) + gap
        if contents.startswith(magic) and mark in contents:
            exif = Image.Exif()
            try:
                exif.load(contents[start : start + _EXIF_SIZE])
                orientation = exif.get(ExifTags.Base.Orientation)
            except Exception:  # whatever Pillow makes of a damaged block, the image itself may be sound
                return 1
            return orientation if orientation in range(1, 9) else 1
    return 1


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
