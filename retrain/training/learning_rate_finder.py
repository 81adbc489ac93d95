"""The learning rate by trying: it rises at every step until the loss explodes (Smith 2017, range test).

The loss is smoothed as a bias-corrected moving average. The rate suggested is a third of that where it is
least: there the loss is about to rise. (fastai takes a tenth. On clothes with MobileNet v1 0.25 a third is
0.005 for SGD and 0.0014 for Adam, and the recipe, from whole trainings, has 0.02 and 0.0005.)
"""

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

STEPS = 150
# Before the lowest nothing moves, after the highest everything diverges, in any optimizer of Keras.
LOWEST, HIGHEST = 1e-6, 1.0
MOMENTUM = 0.95  # of the moving average
EXPLODED = 4.0  # times the least smoothed loss
FIRST = 10  # steps, before which the average is of too few losses to compare with
BELOW_LEAST = 1 / 3


class LearningRateCurve(NamedTuple):
    """Rates, losses and smoothed losses of the steps taken, and the rate to train with."""

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float


class ExponentialRamp(keras.optimizers.schedules.LearningRateSchedule):
    """From LOWEST at step 0 to HIGHEST at the last of STEPS, by the same factor at each."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        share = tf.cast(step, tf.float32) / (STEPS - 1)
        return LOWEST * tf.pow(HIGHEST / LOWEST, share)


def learning_rate_curve(losses: Iterable[float]) -> LearningRateCurve:
    """The curve of the losses of consecutive steps on the ramp; takes no more of them once they explode."""
    taken, smoothed, average = [], [], 0.0
    for count, loss in enumerate(itertools.islice(losses, STEPS), start=1):
        average = MOMENTUM * average + (1.0 - MOMENTUM) * loss
        value = average / (1.0 - MOMENTUM**count)
        if not math.isfinite(value) or (count > FIRST and value > EXPLODED * min(smoothed)):
            break
        taken.append(loss)
        smoothed.append(value)
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)[: len(taken)]
    least = FIRST + int(np.argmin(smoothed[FIRST:])) if len(taken) > FIRST else 0
    suggestion = BELOW_LEAST * rates[least] if len(taken) else LOWEST
    return LearningRateCurve(rates, np.array(taken), np.array(smoothed), float(suggestion))
