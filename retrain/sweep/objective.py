"""What a sweep optimizes: one figure of the validation images, SPLIT/KEY as in metrics.json."""

from collections.abc import Mapping
from typing import NamedTuple

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.heads import RANKED_BY

SPLIT = "validation"


class Objective(NamedTuple):
    """The figure `key` of a `task`: a `metric`, "accuracy", and of several tasks "accuracy/TASK"."""

    key: str
    metric: str
    task: str
    direction: str

    @property
    def name(self) -> str:
        return f"{SPLIT}/{self.key}"

    @property
    def suffix(self) -> str:
        """What keys of this task end in."""
        return self.key.removeprefix(self.metric)

    @property
    def is_loss(self) -> bool:
        """Whether trials are told apart by the losses of images, rather than by which of them are right."""
        return self.metric.endswith("loss")


def find_objective(text: str | None, kinds: Mapping[str, str]) -> Objective:
    """The objective that --objective names; `kinds` are the kinds of head by task, the primary task first."""
    possible = {found.name: found for found in _possible(kinds)}
    if text is None:
        return next(iter(possible.values()))
    if text.startswith("test/"):
        raise InputError(
            f"--objective={text} would choose by the test images, and their figures would no longer tell how "
            f"good the winner is: use validation/{text.removeprefix('test/')}."
        )
    if text not in possible:
        raise InputError(unknown_name(text, possible, "figure to rank trials by"))
    return possible[text]


def _possible(kinds: Mapping[str, str]) -> list[Objective]:
    return [
        Objective(f"{metric}/{task}" if len(kinds) > 1 else metric, metric, task, direction)
        for task, kind in kinds.items()
        for metric, direction in RANKED_BY[kind].items()
    ]
