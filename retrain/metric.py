"""A figure by which models are compared: its key in metrics.json, its task, and which way it is better.

One value for early stopping, sweeps and print: no direction is ever read from a name. Which figures there are
is said by the rows of `retrain.heads.HEADS`.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class Metric(NamedTuple):
    """One figure.

    Attributes:
      name: what the head calls it, such as "accuracy".
      task: whose it is; None for the loss of all tasks together.
      key: its key among the figures of a split: the name, with `/TASK` where there are several tasks.
      higher_is_better: the direction.
    """

    name: str
    task: str | None
    key: str
    higher_is_better: bool

    @property
    def suffix(self) -> str:
        """What the keys of this task end in."""
        return self.key.removeprefix(self.name)

    def value(self, figures: Mapping[str, Any]) -> float:
        """The figure; nan where the split does not have it, as the AUC of a class without examples."""
        value = figures.get(self.key)
        return math.nan if value is None else float(value)

    def is_better(self, value: float, best: float) -> bool:
        """Whether a value beats the best so far, which is nan before there is any."""
        if math.isnan(value) or math.isnan(best):
            return not math.isnan(value)
        return value > best if self.higher_is_better else value < best


LOSS = Metric("loss", None, "loss", higher_is_better=False)
