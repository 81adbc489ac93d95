"""How an output with a vector for each place or token of an image becomes one vector.

Outputs are [B, n]; [B, H, W, n], or [B, n, H, W] as PyTorch orders it; or [B, T, n], as transformers give it:
a vector for each patch of a square, which tokens that stand for the whole image may precede.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.errors import InputError

MEAN, MAX, FIRST_TOKEN = "mean", "max", "first_token"
AUTO = "auto"
# A class token (ViT, CLIP, DINOv2), one of distillation beside it (DeiT), or four registers (DINOv3).
TOKENS_BEFORE_PATCHES = (1, 2, 5)

Reduce = Callable[[Any, tuple[int, ...]], Any]  # values, axes -> values without these axes


class Pooling(NamedTuple):
    """From one output to vectors: what is taken, over which axes, and where n stands in its shape."""

    kind: str
    over: tuple[int, ...]
    channels: int

    def __call__(self, values: Any, mean: Reduce = tf.reduce_mean, largest: Reduce = tf.reduce_max) -> Any:
        """Vectors [B, n]; of Keras' tensors that have no values yet by its own operations."""
        if self.kind == FIRST_TOKEN:
            return values[:, 0]
        return (largest if self.kind == MAX else mean)(values, self.over)


def pooling_of(shape: tf.TensorShape, asked: str = AUTO) -> Pooling | None:
    """How an output of this shape is pooled; None for vectors, and where it cannot be as is asked."""
    if shape.rank == 3:
        kind = asked if asked != AUTO else FIRST_TOKEN if _has_class_token(shape[1]) else MEAN
        return Pooling(kind, (1,), channels=2)
    if shape.rank != 4 or asked == FIRST_TOKEN:
        return None
    kind = MEAN if asked == AUTO else asked
    # Squares are square in either order.
    if shape[2] is not None and shape[2] == shape[3] != shape[1]:
        return Pooling(kind, (2, 3), channels=1)
    return Pooling(kind, (1, 2), channels=3)


def check_pooled(pooling: Pooling | None, asked: str, output: str, handle: str) -> None:
    """InputError where pooling was asked for, and there is nothing to be pooled so."""
    if pooling is None and asked != AUTO:
        raise InputError(
            f"--feature_pooling={asked} has no effect on the output {output!r} of {handle!r}, which has no "
            f"{'tokens' if asked == FIRST_TOKEN else 'places or tokens'}: leave it out."
        )


def described(pooling: Pooling, shape: tf.TensorShape) -> str:
    """What is taken of an output with tokens."""
    count = "its" if shape[1] is None else f"its {shape[1]}"
    what = {FIRST_TOKEN: "the first of", MEAN: "the mean of", MAX: "the largest values of"}[pooling.kind]
    return f"features are {what} {count} tokens; --feature_pooling says otherwise"


def _has_class_token(tokens: int | None) -> bool:
    if tokens is None or _is_square(tokens):
        return False
    return any(_is_square(tokens - before) for before in TOKENS_BEFORE_PATCHES)


def _is_square(number: int) -> bool:
    return number > 0 and math.isqrt(number) ** 2 == number
