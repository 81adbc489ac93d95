"""Random numbers for the images of a batch, each a pure function of (seed, step, part, position).

A part is one use of chance, such as the window: what one part draws moves no other.
"""

from typing import NamedTuple

import tensorflow as tf

WINDOW, TILT, COLOUR, RAND_AUGMENT, ERASING, NOISE, MIXING, MIXUP, CUTMIX = range(9)

Number = tf.Tensor | int


class Draw(NamedTuple):
    """What decides a batch's chances; its images are those of the whole batch from row `first` on."""

    seed: Number
    step: Number
    first: int = 0


def key(draw: Draw, part: int) -> tf.Tensor:
    """The seed of a stateless op, int64 [2]."""
    return tf.random.fold_in([tf.cast(number, tf.int64) for number in draw[:2]], part)


def uniforms(draw: Draw, part: int, count: int, columns: int) -> list[tf.Tensor]:
    """`columns` independent tensors float32 [count] in [0, 1)."""
    drawn = tf.random.stateless_uniform([draw.first + count, columns], key(draw, part))
    return tf.unstack(drawn[draw.first :], columns, axis=1)


def around(uniform: tf.Tensor, radius: float) -> tf.Tensor:
    """From [0, 1) to [-radius, radius)."""
    return (2.0 * uniform - 1.0) * radius
