"""When training on pixels ends, and which of its steps was the best: rules over the figures of validation.

All that must be known again after an interruption is in RunState; the rules themselves come from the flags.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from retrain.errors import InputError
from retrain.training.run_state import RunState

# A loss of validation so many times that of a model that knows nothing is past mending. Several times as much
# is not: the statistics of batch norm follow the weights only after a hundred steps or so.
DIVERGED = 100.0
SMALLER_IS_BETTER = ("loss", "error")


class StoppingRules(NamedTuple):
    """What the user said, or the recipe.

    Attributes:
      eval_every: steps between looks at the validation images; None where seconds are given instead.
      eval_seconds: seconds between them.
      metric: the figure that says which step is the best.
      patience: how many looks without a better figure end training; None never does.
      max_seconds: of training, after which it ends.
    """

    eval_every: int | None
    eval_seconds: float | None = None
    metric: str = "loss"
    patience: int | None = None
    max_seconds: float | None = None


def note_figures(state: RunState, figures: Mapping[str, Any], metric: str) -> bool:
    """Counts a look at the validation images; whether this step is the best so far."""
    value, best = metric_in(figures, metric), float(state.best_value.numpy())
    state.evaluations.assign_add(1)
    if not is_better(metric, value, best):
        state.waited.assign_add(1)
        return False
    state.best_value.assign(value)
    state.best_step.assign(state.global_step)
    state.waited.assign(0)
    return True


def metric_in(figures: Mapping[str, Any], metric: str) -> float:
    """The figure of that name; InputError, which names those there are, where there is none."""
    if isinstance(figures.get(metric), float):
        return figures[metric]
    listed = ", ".join(key for key, value in figures.items() if isinstance(value, float))
    raise InputError(
        f"--early_stopping_metric={metric!r} is no figure of this run's validation: choose from {listed}."
    )


def is_better(metric: str, value: float, best: float) -> bool:
    """Whether a figure beats the best so far, which is nan before there is any."""
    if math.isnan(value) or math.isnan(best):
        return not math.isnan(value)
    smaller = any(word in metric for word in SMALLER_IS_BETTER)
    return value < best if smaller else value > best


def reason_to_stop(state: RunState, rules: StoppingRules) -> str | None:
    """Why training ends before its last step, or None."""
    waited, elapsed = int(state.waited.numpy()), float(state.elapsed_seconds.numpy())
    if rules.patience is not None and waited >= rules.patience:
        return f"validation {rules.metric} has not become better in {waited} evaluations"
    if rules.max_seconds is not None and elapsed >= rules.max_seconds:
        return f"--max_train_time={rules.max_seconds:g} seconds are over"
    return None


def has_diverged(loss: float, class_counts: Mapping[str, int], weights: Mapping[str, float]) -> bool:
    """Whether a loss of validation is no number, or far beyond that of equal probabilities of classes."""
    chance = sum(weights.get(task, 1.0) * math.log(max(2, count)) for task, count in class_counts.items())
    return not loss <= DIVERGED * chance
