"""Batches of images from files, for features and for training, and why a file gives none.

Images are float32 [b, h, w, 3] in [0, 1], as `retrain.data.images` makes them. What the rows stand for, and
where features and facts are kept, is for others to know.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.augmentation.augment import augmented_inputs, decoded_size
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.levels import NONE
from retrain.data.decoded_images import DecodedImages, decoded_batches, path_tensor
from retrain.data.images import (
    IMAGES,
    Made,
    content_hash,
    decode_image,
    facts,
    image,
    image_and_facts,
    read_file,
)
from retrain.data.loaded_images import AS_IT_STANDS, as_written, loaded
from retrain.data.no_image import NoImageError, check, read, undecoded, unreadable
from retrain.errors import InputError
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.data import AS_USUAL, Decoding

# Not AUTOTUNE: it takes seconds to find a good number, and up to half a second to be stopped, at every pass.
PARALLEL = max(4, os.cpu_count() or 1)

Columns = np.ndarray | Mapping[str, np.ndarray]  # of one task, or by task


class TrainingImages(NamedTuple):
    """Files to train on, and what is known of each.

    Attributes:
      size: height and width of the images that are made of them.
      labels, weights: [N, ...] and float32 [N]; without weights all count the same.
      decoding: how files become images.
    """

    paths: Sequence[str]
    size: tuple[int, int]
    labels: Columns
    weights: Columns | None = None
    decoding: Decoding = AS_USUAL


def image_batches(
    paths: Sequence[str], image_size: tuple[int, int], batch_size: int, decoding: Decoding = AS_USUAL
) -> tf.data.Dataset:
    """Every image once, in order: (row int64 [b], images), where files that cannot be decoded are left out.

    The row is the position in `paths`; the last batch may be smaller.
    """
    return _batches(paths, image(image_size, decoding), batch_size)


def batches_with_facts(
    paths: Sequence[str], image_size: tuple[int, int], batch_size: int, decoding: Decoding = AS_USUAL
) -> tf.data.Dataset:
    """As `image_batches`, with the facts of the same images: (row, (images, facts))."""
    return _batches(paths, image_and_facts(image_size, decoding), batch_size)


def facts_batches(paths: Sequence[str], batch_size: int, decoding: Decoding = AS_USUAL) -> tf.data.Dataset:
    """The facts alone: (row, facts)."""
    return _batches(paths, facts(decoding), batch_size)


def file_contents(paths: Sequence[str]) -> list[str]:
    """The hash of each file, as facts have it."""
    files = tf.data.Dataset.from_tensor_slices(path_tensor(paths))
    hashes = files.map(lambda path: content_hash(read_file(path)), num_parallel_calls=PARALLEL)
    return hexadecimal(list(_finished(hashes).as_numpy_iterator()))


def hexadecimal(hashes: Iterable[int]) -> list[str]:
    """Hashes of content, int64, as they are written."""
    return [f"{value:016x}" for value in hashes]


def _batches(paths: Sequence[str], made: Made, batch_size: int) -> tf.data.Dataset:
    read = [row for row, path in enumerate(paths) if not unreadable(path)]
    files = tf.data.Dataset.from_tensor_slices(
        (np.array(read, np.int64), path_tensor([paths[row] for row in read]))
    )
    return _finished(loaded(files, made, PARALLEL).ignore_errors().batch(batch_size))


def training_batches(
    images: TrainingImages,
    batch_size: int,
    seed: int,
    augmentation: AugmentationSettings = NONE,
    first_step: int = 0,
    part: slice | None = None,
) -> tf.data.Dataset:
    """(inputs, labels) or (inputs, labels, weights) without end, in the order of `index_batches`.

    Inputs are those of `augmented_inputs`; `augmentation` has all strengths. What a batch holds depends on
    (seed, step) alone; the first one is that of step `first_step`. A `part` of each is those rows alone, as
    they are in the whole, but that images are mixed with others of the part.
    """
    rows = index_batches(len(images.paths), batch_size, seed, first_step)
    part = part or slice(0, batch_size)
    if part.stop - part.start < batch_size:
        rows = rows.map(lambda rows: rows[part])
    augments, size = augmentation.changes_images, tuple(images.size)
    source = DecodedImages(
        tuple(images.paths),
        decoded_size(size, augmentation) if augments else size,
        rounded=augments,
        decoding=images.decoding,
    )
    outputs = (images.labels,) if images.weights is None else (images.labels, images.weights)
    outputs = tf.nest.map_structure(tf.constant, outputs)

    @AS_IT_STANDS
    def batch(step: tf.Tensor, rows: tf.Tensor, decoded: tf.Tensor) -> tuple[Any, ...]:
        inputs = {IMAGES: decoded}
        if augments:
            inputs = augmented_inputs(decoded, augmentation, size, Draw(seed, step, part.start))
        return inputs, *tf.nest.map_structure(lambda values: tf.gather(values, rows), outputs)

    steps = tf.data.Dataset.counter(first_step)
    decoded = decoded_batches(source, rows, part.stop - part.start, PARALLEL)
    return _finished(tf.data.Dataset.zip(steps, rows, decoded).map(batch, num_parallel_calls=PARALLEL))


def index_batches(count: int, batch_size: int, seed: int, first_step: int = 0) -> tf.data.Dataset:
    """int64 [b] without end: the rows of each step, every row once an epoch.

    The order of an epoch depends on (seed, epoch) alone, and the batch of a step on (seed, step): a run that
    continues at `first_step` repeats nothing that came before. A batch may end one epoch and begin the next.
    """
    first_epoch, done = divmod(first_step * batch_size, count)

    @AS_IT_STANDS
    def order(epoch: tf.Tensor) -> tf.Tensor:
        keys = tf.random.stateless_uniform([count], [seed, epoch], None, None, tf.int64)
        left = tf.argsort(keys)[tf.where(epoch == first_epoch, done, 0) :]
        return tf.cast(left, tf.int64)

    epochs = tf.data.Dataset.counter(first_epoch).map(order)
    return _finished(epochs.rebatch(batch_size, drop_remainder=True))


def undecodable(path: str, decoding: Decoding = AS_USUAL) -> str:
    """Why this file gives no image, in a few words; empty when it does give one."""
    try:
        content = read(path)
        check(content, decoding)
        decode_image(tf.constant(content), decoding)
    except NoImageError as error:
        return str(error)
    except tf.errors.OpError:
        return undecoded(content)
    return ""


@contextlib.contextmanager
def images_that_stay(paths: Iterable[str], decoding: Decoding) -> Iterator[None]:
    """Within, these images are read again; InputError where one that was there is gone, or has changed."""
    try:
        yield
    except tf.errors.OpError as error:
        lost = ((path, undecodable(path, decoding)) for path in paths)
        path, why = next(((path, why) for path, why in lost if why), (None, ""))
        if path is None:
            raise
        raise InputError(
            f"{path!r} was an image when the run began, and no longer is ({why}): images have to stay as "
            f"they are until it ends; put it back, or give another --model_dir."
        ) from error


def _finished(dataset: tf.data.Dataset) -> tf.data.Dataset:
    return as_written(dataset.prefetch(2))
