"""Images of one size from files, decoded once and kept in memory where they fit.

A training run sees an image many times, and decoding a photo takes about as long as a training step of a
small module does for it. What comes out does not depend on whether it is kept; the last ones stay for a run
that trains on them again, as the trials of a sweep do.
"""

import functools
import math
import os
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from retrain.data.images import Made, image, rounded
from retrain.data.loaded_images import loaded
from retrain.progress import progress
from retrain.settings.data import AS_USUAL, Decoding

MEMORY = 2**30  # bytes
READ_AT_ONCE = 32


class DecodedImages(NamedTuple):
    """What is made of files: images float32 [h, w, 3] in [0, 1], or `rounded` to uint8 of [0, 255]."""

    paths: tuple[str, ...]
    size: tuple[int, int]
    rounded: bool
    decoding: Decoding = AS_USUAL

    @property
    def bytes(self) -> int:
        """What all of them take in memory."""
        return len(self.paths) * math.prod(self.size) * 3 * (1 if self.rounded else 4)

    @property
    def made(self) -> Made:
        """How one of them is made of a file."""
        return (rounded if self.rounded else image)(self.size, self.decoding)


def decoded_batches(
    images: DecodedImages, rows: tf.data.Dataset, batch_size: int, parallel: int
) -> tf.data.Dataset:
    """[batch_size, h, w, 3] for each batch of rows of the paths."""
    if images.bytes <= MEMORY:
        kept = _kept(images, parallel)
        return rows.map(lambda rows: tf.gather(kept, rows))
    paths = path_tensor(images.paths)
    files = rows.unbatch().map(lambda row: (row, paths[row]))
    return _images(files, images, parallel).batch(batch_size, drop_remainder=True)


def _images(files: tf.data.Dataset, images: DecodedImages, parallel: int) -> tf.data.Dataset:
    return loaded(files, images.made, parallel).map(lambda _, image: image)


def path_tensor(paths: Sequence[str]) -> tf.Tensor:
    """Paths as the file system has them, whatever their encoding."""
    return tf.constant([os.fsencode(path) for path in paths], tf.string)


@functools.lru_cache(1)
def _kept(images: DecodedImages, parallel: int) -> tf.Tensor:
    files = tf.data.Dataset.from_tensor_slices(path_tensor(images.paths)).enumerate()
    batches = _images(files, images, parallel).batch(READ_AT_ONCE).prefetch(2)
    return tf.concat(list(progress(batches, len(images.paths), "decoding", "images", len)), axis=0)
