"""What a training run knows beside its weights, and what follows from it: the best step, and when to stop.

All of it is variables, saved in every checkpoint with the model and the optimizer: two runs whose variables
are equal have the same future. The step is the input position, too, and the seed of every random draw.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.metric import Metric
from retrain.settings.pixels import PixelSettings

NO_STEP = -1
# A loss of validation so many times that of a model that knows nothing is past mending. Several times as much
# is not: the statistics of batch norm follow the weights only after a hundred steps or so.
DIVERGED = 100.0


class RunState(tf.Module):
    """Made in the scope of the strategy; every variable is a scalar.

    Attributes:
      global_step: int64, steps taken.
      rate_factor: float32, by what the schedule's learning rate is multiplied; halved after divergence.
      first_value: float64, the first value of the metric that decides when to stop; nan before any.
      best_value: float64, its best value so far; nan before any.
      best_error: float64, the standard error of that.
      best_step: int64, the step to take, so far, whose checkpoint is kept; NO_STEP before any.
      evaluated_step: int64, the step of the last evaluation, to which training is set back when it diverges;
        NO_STEP before any.
      waited: int64, evaluations since the best.
      evaluations: int64, how often the model has been evaluated.
      elapsed_seconds: float64, of training, over all processes of the run.
    """

    def __init__(self):
        super().__init__(name="run_state")
        self.global_step = _scalar(0, tf.int64, "global_step")
        self.rate_factor = _scalar(1.0, tf.float32, "rate_factor")
        # Twice the precision of what is compared: what comes back from the disk compares as it did before.
        self.first_value = _scalar(float("nan"), tf.float64, "first_value")
        self.best_value = _scalar(float("nan"), tf.float64, "best_value")
        self.best_error = _scalar(0.0, tf.float64, "best_error")
        self.best_step = _scalar(NO_STEP, tf.int64, "best_step")
        self.evaluated_step = _scalar(NO_STEP, tf.int64, "evaluated_step")
        self.waited = _scalar(0, tf.int64, "waited")
        self.evaluations = _scalar(0, tf.int64, "evaluations")
        self.elapsed_seconds = _scalar(0.0, tf.float64, "elapsed_seconds")


class Noted(NamedTuple):
    """Of an evaluation: whether its value is the best so far, and whether its step is the one to take."""

    is_best: bool
    is_taken: bool


def note_figures(state: RunState, figures: Mapping[str, Any], metric: Metric, error: float = 0.0) -> Noted:
    """Counts an evaluation, whose value has that standard error; a figure that there is not never is best.

    The step to take is the last whose value is within one standard error of the best (Breiman et al. 1984
    took the simplest tree so): where images cannot tell two apart, it is the one that was trained longer, at
    a lower rate. None is taken that is worse than the first, the frozen head that training began with.
    """
    value, best = metric.value(figures), float(state.best_value.numpy())
    is_best = metric.is_better(value, best)
    if math.isnan(best):
        state.first_value.assign(value)
    is_taken = is_best or _is_as_good(state, value, metric)
    if is_best:
        state.best_value.assign(value)
        state.best_error.assign(error)
    if is_taken:
        state.best_step.assign(state.global_step)
    state.evaluations.assign_add(1)
    state.waited.assign(0 if is_best else state.waited + 1)
    return Noted(is_best, is_taken)


def _is_as_good(state: RunState, value: float, metric: Metric) -> bool:
    first, best, error = (float(of.numpy()) for of in (state.first_value, state.best_value, state.best_error))
    return error > 0 and abs(value - best) <= error and not metric.is_better(first, value)


def reason_to_stop(state: RunState, pixels: PixelSettings, metric: Metric) -> str | None:
    """Why training ends before its last step, or None."""
    patience, seconds = pixels.early_stopping_patience, pixels.max_train_time
    waited, elapsed = int(state.waited.numpy()), float(state.elapsed_seconds.numpy())
    if patience is not None and waited >= patience:
        return f"validation {metric.key} has not become better in {waited} evaluations"
    if seconds is not None and elapsed >= seconds:
        return f"--max_train_time={seconds:g} seconds are over"
    return None


def has_diverged(loss: float, of_chance: float) -> bool:
    """Whether a loss of validation is no number, or far beyond that of a model that knows nothing."""
    return not loss <= DIVERGED * of_chance


def _scalar(value: float, dtype: tf.DType, name: str) -> tf.Variable:
    once = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(value, trainable=False, dtype=dtype, name=name, aggregation=once)
