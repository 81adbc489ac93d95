"""Keras' optimizers with what training a pretrained base adds to them.

The learning rate is a function of the step: a linear warm-up, then half a cosine to zero (Loshchilov & Hutter
2017), times the factor in RunState, which falls when training diverges. Variables of the base may have a rate
of their own. Weight decay is decoupled from the gradient (Loshchilov & Hutter 2019) and only of matrices and
convolutions: biases and what batch norm learns have no reason to be small.
"""

from collections.abc import Collection

import keras
import tensorflow as tf

from retrain.settings.needs import WITH_MOMENTUM
from retrain.settings.pixels import PixelSettings

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
    pixels: PixelSettings,
    rates: keras.optimizers.schedules.LearningRateSchedule | float,
    base_variables: Collection[tf.Variable] = (),
) -> keras.optimizers.Optimizer:
    """The optimizer that settings with all values filled in ask for, at these rates.

    Those of `base_variables` are multiplied with the factor of the base.
    """
    kind = OPTIMIZERS[pixels.optimizer]

    # Keras has a method for the update of one variable, and calls it with the rate.
    class Optimizer(kind):
        def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
            # What an update is given under tf.distribute is one replica's part of a variable.
            if self._var_key(variable) in of_base:
                learning_rate *= pixels.base_learning_rate_factor
            if pixels.weight_decay and variable.shape.rank > 1:
                variable.assign_sub(pixels.weight_decay * learning_rate * variable)
            super().update_step(gradient, variable, learning_rate)

    arguments = {"momentum": pixels.momentum} if pixels.optimizer in WITH_MOMENTUM else {}
    optimizer = Optimizer(
        rates,
        weight_decay=None,
        global_clipnorm=pixels.gradient_clip_norm,
        use_ema=pixels.ema is not None,
        ema_momentum=pixels.ema or 0.0,
        name=pixels.optimizer,
        **arguments,
    )
    of_base = frozenset(map(optimizer._var_key, base_variables))
    return optimizer
