"""Pictures of one size from files, decoded once and kept in memory where they fit.

A training run sees a picture many times, and decoding a photo takes about as long as a training step of a
small module does for it. What a picture is does not depend on whether it is kept.
"""

from collections.abc import Callable

import tensorflow as tf

from retrain.data.images import load_image
from retrain.progress import progress

MEMORY = 2**30  # bytes
READ_AT_ONCE = 32

Load = Callable[[tf.Tensor], tf.Tensor]  # from a path to a picture; all of the same shape and dtype


def load_picture(path: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The image of one file, resized: uint8 [h, w, 3]."""
    return tf.cast(tf.round(load_image(path, size) * 255.0), tf.uint8)


def picture_batches(
    paths: tf.Tensor, rows: tf.data.Dataset, batch_size: int, load: Load, parallel: int
) -> tf.data.Dataset:
    """[batch_size, h, w, 3] for each batch of rows of `paths`."""
    loaded = tf.data.Dataset.from_tensor_slices(paths).map(load, num_parallel_calls=parallel)
    picture = loaded.element_spec
    if len(paths) * picture.shape.num_elements() * picture.dtype.size <= MEMORY:
        kept = _all(loaded, len(paths))
        return rows.map(lambda rows: tf.gather(kept, rows))
    loaded = rows.unbatch().map(lambda row: load(paths[row]), num_parallel_calls=parallel)
    return loaded.batch(batch_size, drop_remainder=True)


def _all(pictures: tf.data.Dataset, count: int) -> tf.Tensor:
    batches = pictures.batch(READ_AT_ONCE).prefetch(2)
    return tf.concat(list(progress(batches, count, "pictures", "images", len)), axis=0)
