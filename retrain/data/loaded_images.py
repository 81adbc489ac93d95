"""What is made of many files at once, such that memory does not grow with what single files claim.

Several images are decoded at a time, but large ones one after the other.
"""

import functools
from typing import Any

import tensorflow as tf

from retrain.data.images import KEPT, Made, admitted_contents, read_file
from retrain.image_claims import LARGE

# For what a data set maps: that autograph first reads the sources of augmentation takes a second.
AS_IT_STANDS = tf.autograph.experimental.do_not_convert


def loaded(files: tf.data.Dataset, made: Made, parallel: int) -> tf.data.Dataset:
    """(row, path) -> (row, what is made of the file), in order; an error for what cannot be decoded."""
    unless_large, large_alone = _steps(made, LARGE)
    return as_written(files.map(unless_large, num_parallel_calls=parallel).map(large_alone))


def as_written(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """To look for a better way to run it takes a tenth of a second at every pass, and there is none."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)


@functools.lru_cache(KEPT)
def _steps(made: Made, large_from: int) -> tuple[Any, Any]:
    """The two, traced once a process, also where functions run eagerly; more pixels than that are many."""

    @tf.function(autograph=False)
    def unless_large(row: tf.Tensor, path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, Any]:
        contents, pixels = admitted_contents(read_file(path), made.decoding)
        large = pixels > large_from
        return row, tf.where(large, path, b""), tf.cond(large, nothing, lambda: made.of(contents))

    def nothing() -> Any:
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), made.specs)

    def made_of(path: bytes) -> list[Any]:
        return [value.numpy() for value in tf.nest.flatten(made.read_apart(path))]

    def made_apart(path: tf.Tensor) -> Any:
        """Through Python, for it is rare: the same graph twice would be built anew at every pass."""
        specs = tf.nest.flatten(made.specs)
        values = tf.numpy_function(made_of, [path], [spec.dtype for spec in specs])
        shaped = [tf.ensure_shape(value, spec.shape) for value, spec in zip(values, specs, strict=True)]
        return tf.nest.pack_sequence_as(made.specs, shaped)

    @tf.function(autograph=False)
    def large_alone(row: tf.Tensor, path: tf.Tensor, result: Any) -> tuple[tf.Tensor, Any]:
        return row, tf.cond(tf.strings.length(path) > 0, lambda: made_apart(path), lambda: result)

    row, contents = tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.string)
    return (
        unless_large.get_concrete_function(row, contents),
        large_alone.get_concrete_function(row, contents, made.specs),
    )
