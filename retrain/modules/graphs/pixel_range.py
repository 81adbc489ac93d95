"""A condition in a graph: that pixels are in [0, 1], for classes of pixels in [0, 255] are quite others."""

import tensorflow as tf

ROUNDING = 1 / 255  # a grey level
EXPECTED = "RGB values in [0, 1] were expected, but images have values from"


def in_range(images: tf.Tensor) -> tf.Tensor:
    """The images; InvalidArgumentError where values lie outside of [0, 1] by more than a grey level."""
    fits = tf.reduce_all((images >= -ROUNDING) & (images <= 1 + ROUNDING))
    found = [EXPECTED, tf.reduce_min(images), "to", tf.reduce_max(images)]
    check = tf.raw_ops.Assert(condition=fits, data=found)
    with tf.control_dependencies([check]):
        return tf.identity(images)


def is_out_of_range(error: tf.errors.InvalidArgumentError) -> bool:
    """Whether it is that of `in_range`."""
    return EXPECTED in str(error)
