"""The learning rate by trying: it rises at every step until the loss explodes (Smith 2017, range test).

The loss is smoothed as a bias-corrected moving average. The rate suggested is a third of that where it is
least: there the loss is about to rise. (fastai takes a tenth. On clothes with MobileNet v1 0.25 a third is
0.005 for SGD and 0.0014 for Adam, and the recipe, from whole trainings, has 0.02 and 0.0005.)
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.settings.pixels import PixelSettings
from retrain.training.driver import Action, Driver
from retrain.training.loss import Loss
from retrain.training.optimizer import make_optimizer
from retrain.training.training_loop import TrainingLoop

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


class RangeTest:
    """The losses of consecutive steps on the ramp."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._smoothed: list[float] = []
        self._average = 0.0

    def explodes(self, loss: float) -> bool:
        """Whether the test ends with this loss, which then is not of the curve."""
        self._average = MOMENTUM * self._average + (1.0 - MOMENTUM) * loss
        count = len(self._losses) + 1
        value = self._average / (1.0 - MOMENTUM**count)
        if not math.isfinite(value) or (count > FIRST and value > EXPLODED * min(self._smoothed)):
            return True
        self._losses.append(loss)
        self._smoothed.append(value)
        return False

    def curve(self) -> LearningRateCurve:
        """What the losses so far say."""
        count = len(self._losses)
        rates = np.geomspace(LOWEST, HIGHEST, STEPS)[:count]
        least = FIRST + int(np.argmin(self._smoothed[FIRST:])) if count > FIRST else 0
        suggestion = BELOW_LEAST * rates[least] if count else LOWEST
        return LearningRateCurve(rates, np.array(self._losses), np.array(self._smoothed), float(suggestion))


def learning_rate_curve(
    model: ImageClassifier, pixels: PixelSettings, task_weights: Mapping[str, float], train: tf.data.Dataset
) -> LearningRateCurve:
    """Trains the model on the ramp, after which it is of no use; InputError where no step has a loss.

    Args:
      model: the classifier as the training would begin with it.
      pixels: the settings of that training, filled in; its learning rate and length have no part in this.
      task_weights: what the loss of each task counts.
      train: the batches of that training.
    """
    optimizer = make_optimizer(pixels, ExponentialRamp(), model.trained_base_variables)
    loop = TrainingLoop(model, optimizer, Loss.of(pixels, task_weights), seed=pixels.seed)
    test = RangeTest()
    each_step = Action(lambda report: test.explodes(report.loss), steps=1)
    Driver(loop, [each_step]).run(loop.batches(train), STEPS)
    curve = test.curve()
    if not len(curve.losses):
        raise InputError(
            f"The loss of the first step is no number, even at the learning rate {curve.suggestion:g}: the "
            f"module, or an image, gives none."
        )
    return curve
