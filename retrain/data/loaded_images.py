"""What is made of many files at once, such that memory does not grow with what single files claim.

Several images are decoded at a time, but large ones one after the other.
"""

from typing import Any

import tensorflow as tf

from retrain.data.images import Made, admitted_contents
from retrain.image_claims import LARGE


def loaded(files: tf.data.Dataset, made: Made, parallel: int) -> tf.data.Dataset:
    """(row, path) -> (row, what is made of the file), in order; an error for what cannot be decoded."""
    make = tf.function(made.of, autograph=False, input_signature=[tf.TensorSpec([], tf.string)])

    def unless_large(row: tf.Tensor, path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, Any]:
        contents, pixels = admitted_contents(tf.io.read_file(path), made.decoding)
        large = pixels > LARGE
        return row, tf.where(large, contents, b""), tf.cond(large, nothing, lambda: make(contents))

    def nothing() -> Any:
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), made.specs)

    def large_alone(row: tf.Tensor, contents: tf.Tensor, result: Any) -> tuple[tf.Tensor, Any]:
        return row, tf.cond(tf.strings.length(contents) > 0, lambda: make(contents), lambda: result)

    first = files.map(_as_written(unless_large), num_parallel_calls=parallel)
    return first.map(_as_written(large_alone))


def _as_written(function: Any) -> Any:
    """What loads is written in ops alone; AutoGraph would take a second to find nothing to convert in it."""
    return tf.autograph.experimental.do_not_convert(function)
