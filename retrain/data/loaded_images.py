"""What is made of many files at once, such that memory does not grow with what single files claim.

Several images are decoded at a time, but large ones one after the other.
"""

import functools
from typing import Any

import tensorflow as tf

from retrain.data.images import KEPT, Made, admitted_contents
from retrain.image_claims import LARGE


def loaded(files: tf.data.Dataset, made: Made, parallel: int) -> tf.data.Dataset:
    """(row, path) -> (row, what is made of the file), in order; an error for what cannot be decoded."""
    unless_large, large_alone = _steps(made, LARGE)
    return files.map(unless_large, num_parallel_calls=parallel).map(large_alone)


@functools.lru_cache(KEPT)
def _steps(made: Made, large_from: int) -> tuple[Any, Any]:
    """The two, traced once a process, which takes a second; more pixels than `large_from` are many."""
    make = tf.function(made.of, autograph=False, input_signature=[tf.TensorSpec([], tf.string)])

    @tf.function(autograph=False)
    def unless_large(row: tf.Tensor, path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, Any]:
        contents, pixels = admitted_contents(tf.io.read_file(path), made.decoding)
        large = pixels > large_from
        return row, tf.where(large, contents, b""), tf.cond(large, nothing, lambda: make(contents))

    def nothing() -> Any:
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), made.specs)

    @tf.function(autograph=False)
    def large_alone(row: tf.Tensor, contents: tf.Tensor, result: Any) -> tuple[tf.Tensor, Any]:
        return row, tf.cond(tf.strings.length(contents) > 0, lambda: make(contents), lambda: result)

    return unless_large, large_alone
