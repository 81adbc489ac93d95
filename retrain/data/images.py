"""From a file's bytes to an upright RGB image: one decoding for training, evaluation and prediction alike.

TensorFlow decodes JPEG and PNG; of other formats, and where it would show something else than viewers do,
`retrain.data.readable` has Pillow decode them. Pixels that are not opaque are put on a background, values
of 8 or 12 bits in 16 are taken as such, and what the camera noted about its position is applied. All is
TensorFlow ops, in graphs and eagerly alike, and raises InvalidArgumentError for what cannot be decoded. What
a module wants other than [0, 1] is the module's. An image that claims more pixels than are allowed raises the
same before it is decoded.

The facts of an image are what is remembered of it beside its features, the same for every module: `magic`,
the first bytes of the file; `size`, upright height and width, int32 [2]; `thumbnail`, uint8 [32, 32, 3], mean
colours; `traits`, int32, a sum of TRANSPARENT and NARROW.
"""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.claims_in_graph import admitted
from retrain.data.image_facts import NARROW, TRANSPARENT
from retrain.data.readable import BIT_DEPTH, decoded, is_deep, is_for_pillow, readable
from retrain.image_claims import UNBOUNDED, claimed_pixels, has_many_scans
from retrain.image_files import INSIDE, contents, opened
from retrain.image_formats import LONGEST, WEBP
from retrain.opaque_pixels import opaque
from retrain.settings.data import AS_USUAL, Decoding

# Names everything here that decides a pixel: part of the key under which features are kept.
DECODING = "decode_image exif bilinear 2"

IMAGES = "images"  # the input of that name, of every module and classifier

ImageFacts = dict[str, tf.Tensor]
THUMBNAIL_SIDE = 32
FACTS = {
    "magic": tf.TensorSpec([], tf.string),
    "content": tf.TensorSpec([], tf.int64),
    "size": tf.TensorSpec([2], tf.int32),
    "thumbnail": tf.TensorSpec([THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3], tf.uint8),
    "traits": tf.TensorSpec([], tf.int32),
}
_IN_SHARD = rf"(?is)\C*{INSIDE.pattern}\C*"

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

KEPT = 8  # of each kind: a process has few sizes of images
_TURNED = 5  # from this orientation on, height and width are exchanged
_MIRRORED = (False, False), (False, True), (True, True), (True, False)  # top to bottom, left to right


class Stored(NamedTuple):
    """An image as it is stored, uint8 [H, W, 3]; the EXIF orientation, by which to hold it; its traits."""

    image: tf.Tensor
    orientation: tf.Tensor
    traits: tf.Tensor | None = None


class Marks(NamedTuple):
    """What the bytes of a file say of it: the first of them, and the hash of all."""

    magic: tf.Tensor
    content: tf.Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class Made:
    """What is made of a file; of the same arguments the same, so that what is traced of it is kept.

    Attributes:
      make: from the image as it is stored, and from what gives the marks of its file, to tensors of these
        `specs`.
      decoding: which says what is refused before.
    """

    make: Callable[[Stored, Callable[[], Marks]], Any]
    specs: Any
    decoding: Decoding

    def of(self, contents: tf.Tensor) -> Any:
        """What is made of a file's bytes (scalar string)."""
        return self.make(_stored(contents, self.decoding), lambda: _marks(contents))

    def read(self, path: tf.Tensor) -> Any:
        """The same of the file at a path."""
        return self.of(admitted_contents(read_file(path), self.decoding)[0])

    def read_apart(self, path: bytes) -> Any:
        """The same, eagerly, of a large image: what Pillow decodes it reads itself, and no bytes are kept."""
        contents = admitted_contents(read_file(tf.constant(path)), self.decoding)[0]
        marks = _marks(contents)
        if not is_for_pillow(marks.magic.numpy()):
            return self.make(_stored(contents, self.decoding), lambda: marks)
        del contents
        with opened(os.fsdecode(path)) as file:
            _, _, pixels, is_transparent = decoded(file, self.decoding.background)
        return self.make(_of_pixels(pixels, is_transparent, self.decoding.background), lambda: marks)


def read_file(path: tf.Tensor) -> tf.Tensor:
    """The bytes of an image's file (scalar strings); a member of a shard comes through Python."""
    return tf.cond(
        tf.strings.regex_full_match(path, _IN_SHARD),
        lambda: tf.ensure_shape(tf.numpy_function(_contents, [path], tf.string), []),
        lambda: tf.io.read_file(path),
    )


def _contents(path: bytes | np.ndarray) -> bytes:
    return contents(os.fsdecode(_bytes(path)))


@functools.lru_cache(KEPT)
def image(image_size: tuple[int, int], decoding: Decoding = AS_USUAL) -> Made:
    """The image, resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""

    def make(stored: Stored, _: Callable[[], Marks]) -> tf.Tensor:
        return resize_upright(stored, image_size, decoding.antialias)

    return Made(make, _image_spec(image_size), decoding)


@functools.lru_cache(KEPT)
def rounded(image_size: tuple[int, int], decoding: Decoding = AS_USUAL) -> Made:
    """The same as uint8 [h, w, 3] of [0, 255]."""

    def make(stored: Stored, _: Callable[[], Marks]) -> tf.Tensor:
        resized = resize_upright(stored, image_size, decoding.antialias)
        return tf.cast(tf.round(resized * 255.0), tf.uint8)

    return Made(make, tf.TensorSpec([*image_size, 3], tf.uint8), decoding)


@functools.lru_cache(KEPT)
def image_and_facts(image_size: tuple[int, int], decoding: Decoding = AS_USUAL) -> Made:
    """Both."""

    def make(stored: Stored, marks: Callable[[], Marks]) -> tuple[tf.Tensor, ImageFacts]:
        return resize_upright(stored, image_size, decoding.antialias), _facts(stored, marks)

    return Made(make, (_image_spec(image_size), FACTS), decoding)


@functools.lru_cache(KEPT)
def facts(decoding: Decoding = AS_USUAL) -> Made:
    """The facts alone."""
    return Made(_facts, FACTS, decoding)


def load_image(path: tf.Tensor, image_size: tuple[int, int], decoding: Decoding = AS_USUAL) -> tf.Tensor:
    """The image of one file, resized to image_size (height, width): float32 [h, w, 3] in [0, 1]."""
    return image(image_size, decoding).read(path)


def decode_image(contents: tf.Tensor, decoding: Decoding = AS_USUAL) -> tf.Tensor:
    """The image of one file's bytes (scalar string), upright: uint8 [H, W, 3]."""
    stored = _stored(admitted_contents(contents, decoding)[0], decoding)
    return tf.ensure_shape(_upright(stored.image, stored.orientation), [None, None, 3])


def _image_spec(image_size: tuple[int, int]) -> tf.TensorSpec:
    return tf.TensorSpec([*image_size, 3], tf.float32)


def admitted_contents(contents: tf.Tensor, decoding: Decoding) -> tuple[tf.Tensor, tf.Tensor]:
    """The contents, and how many pixels they claim; InvalidArgumentError where these are too many."""
    return admitted(contents, decoding, lambda: _claimed_by_others(contents))


def _claimed_by_others(contents: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(_claimed, [contents], tf.int64), [])


def _claimed(contents: bytes | np.ndarray) -> np.int64:
    contents = _bytes(contents)
    return np.int64(UNBOUNDED if has_many_scans(contents) else claimed_pixels(contents))


def _stored(contents: tf.Tensor, decoding: Decoding) -> Stored:
    nothing = tf.constant(0)
    stored = tf.cond(
        _is_plain(contents),
        lambda: (decode(contents), nothing + 1, nothing),
        lambda: _looked_into(contents, decoding.background),
    )
    return Stored(tf.ensure_shape(stored[0], [None, None, 3]), *stored[1:])


def content_hash(contents: tf.Tensor) -> tf.Tensor:
    """What a file is known by, wherever it lies: Fingerprint64, which TensorFlow promises never to change."""
    return tf.strings.to_hash_bucket_fast(contents, tf.int64.max)


def _marks(contents: tf.Tensor) -> Marks:
    return Marks(tf.strings.substr(contents, 0, LONGEST), content_hash(contents))


def _facts(stored: Stored, marks: Callable[[], Marks]) -> ImageFacts:
    """Of large images only some rows and columns are looked at: all would cost half as much as decoding."""
    image, orientation, traits = stored
    size = tf.shape(image)[:2]
    apart = tf.maximum(1, tf.reduce_min(size) // SAMPLED)
    looked_at = tf.ensure_shape(image[::apart, ::apart], [None, None, 3])
    means = tf.image.resize(looked_at, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), "area")
    thumbnail = _upright(tf.cast(tf.round(means), tf.uint8), orientation)
    return {
        **marks()._asdict(),
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
    types = (tf.string, tf.int32, tf.int32, tf.uint8)
    found = tf.numpy_function(lambda contents: _readable(contents, background), [contents], types)
    contents, orientation, traits = (tf.ensure_shape(scalar, []) for scalar in found[:3])
    pixels = tf.ensure_shape(found[3], [None, None, 3])
    return tf.cond(tf.size(pixels) > 0, lambda: pixels, lambda: decode(contents)), orientation, traits


def _of_pixels(pixels: np.ndarray, is_transparent: bool, background: str) -> Stored:
    """Of what Pillow has decoded; InvalidArgumentError where that is nothing."""
    pixels, traits = _opaque(pixels, is_transparent, background)
    image = tf.constant(pixels) if pixels.size else decode(tf.constant(b""))
    return Stored(image, tf.constant(1), tf.constant(traits))


def _readable(contents: bytes | np.ndarray, background: str) -> tuple[bytes, np.int32, np.int32, np.ndarray]:
    """Bytes that are left to the graph, orientation, traits, and pixels of the other bytes.

    Deep images, too: what puts them on a background would be most of a graph that each pass prepares anew.
    """
    contents, orientation, pixels, is_transparent = readable(_bytes(contents), background)
    if is_deep(contents):
        with contextlib.suppress(tf.errors.InvalidArgumentError):  # damage is for the graph to tell
            contents, pixels = b"", _decode_deep(contents)
    pixels, traits = _opaque(pixels, is_transparent, background)
    return contents, np.int32(orientation), np.int32(traits), pixels


def _opaque(pixels: np.ndarray, was_transparent: bool, background: str) -> tuple[np.ndarray, int]:
    """The image, and its traits; bytes without an alpha channel are the image, however they came to be it."""
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return pixels, TRANSPARENT * was_transparent
    image, is_transparent, is_narrow = opaque(pixels, background)
    return image, TRANSPARENT * is_transparent + NARROW * is_narrow


def _decode_deep(contents: bytes) -> np.ndarray:
    """Pixels with their alpha channel, or of 16 bits: uint8 or uint16 [H, W, C]."""
    if contents.startswith(WEBP):
        return tf.io.decode_image(contents, channels=0, expand_animations=False).numpy()
    dtype = tf.uint16 if contents[BIT_DEPTH] == 16 else tf.uint8
    return tf.io.decode_png(contents, 4, dtype).numpy()


def _bytes(contents: bytes | np.ndarray) -> bytes:
    """What TensorFlow hands to Python, which is an array when it runs eagerly."""
    return contents.item() if isinstance(contents, np.ndarray) else contents


def resize_upright(stored: Stored, image_size: tuple[int, int], antialias: bool) -> tf.Tensor:
    """Turned as it is to be held, and resized to image_size (height, width): float32 [h, w, 3] in [0, 1].

    For `antialias` see `Decoding`.
    """
    image, orientation, _ = stored
    # Turned when it has become small: the same image, for much less.
    size = tf.where(orientation < _TURNED, image_size, image_size[::-1])
    resized = _upright(tf.image.resize(image, size, antialias=antialias), orientation)
    return tf.ensure_shape(resized, [*image_size, 3]) / 255.0


def _is_plain(contents: tf.Tensor) -> tf.Tensor:
    """Whether the file begins like one that Python need not look into, which costs ten times this check."""
    head = tf.io.decode_raw([contents], tf.uint8, fixed_length=_HEAD)
    return tf.reduce_any(tf.reduce_all((head == _BYTES) | _ANY, axis=1))


def _upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Of the orientations from _TURNED on, rows have become columns; then some are mirrored."""

    def turned() -> tf.Tensor:
        order = tf.where(orientation < _TURNED, [0, 1, 2], [1, 0, 2])
        mirrored = tf.where(tf.gather(_MIRRORED, (orientation - 1) % len(_MIRRORED)))[:, 0]
        return tf.reverse(tf.transpose(image, order), mirrored)

    return tf.cond(orientation == 1, lambda: image, turned)
