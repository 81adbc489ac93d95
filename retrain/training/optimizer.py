"""Keras' optimizers with what training a pretrained base adds to them.

The learning rate is a function of the step: a linear warm-up, then half a cosine to zero (Loshchilov & Hutter
2017), times the factor in RunState, which falls when training diverges. Variables of the base may have a rate
of their own. Weight decay is decoupled from the gradient (Loshchilov & Hutter 2019) and only of matrices and
convolutions: biases and what batch norm learns have no reason to be small.
"""

from collections.abc import Collection
from typing import NamedTuple

import keras
import tensorflow as tf

OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    # What makes it another is decoupled weight decay, which all of these have here.
    "adamw": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
}
WITH_MOMENTUM = ("sgd", "rmsprop")


class OptimizerSettings(NamedTuple):
    """What an optimizer is made of beside its learning rate; `ema` is the decay of averages of weights."""

    name: str = "sgd"
    momentum: float = 0.9
    weight_decay: float = 0.0
    gradient_clip_norm: float | None = None
    ema: float | None = None


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step, up to `peak` and down to zero at `steps`, times a variable."""

    def __init__(self, peak: float, steps: int, warmup_steps: int, factor: tf.Variable):
        rising = min(warmup_steps, steps)
        falling = max(1, steps - rising)
        self._rates = keras.optimizers.schedules.CosineDecay(
            0.0 if rising else peak, falling, warmup_target=peak if rising else None, warmup_steps=rising
        )
        self._factor = factor

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self._rates(step) * self._factor


def make_optimizer(
    settings: OptimizerSettings,
    learning_rate: keras.optimizers.schedules.LearningRateSchedule | float,
    base_variables: Collection[tf.Variable] = (),
    base_learning_rate_factor: float = 1.0,
) -> keras.optimizers.Optimizer:
    """An optimizer whose rate for `base_variables` is multiplied with the factor."""
    kind = OPTIMIZERS[settings.name]

    # Keras has a method for the update of one variable, and calls it with the rate.
    class Optimizer(kind):
        def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
            # What an update is given under tf.distribute is one replica's part of a variable.
            if self._var_key(variable) in slower:
                learning_rate *= base_learning_rate_factor
            if settings.weight_decay and variable.shape.rank > 1:
                variable.assign_sub(settings.weight_decay * learning_rate * variable)
            super().update_step(gradient, variable, learning_rate)

    arguments = {"momentum": settings.momentum} if settings.name in WITH_MOMENTUM else {}
    optimizer = Optimizer(
        learning_rate,
        weight_decay=None,
        global_clipnorm=settings.gradient_clip_norm,
        use_ema=settings.ema is not None,
        ema_momentum=settings.ema or 0.0,
        name=settings.name,
        **arguments,
    )
    slower = frozenset(map(optimizer._var_key, base_variables))
    return optimizer
