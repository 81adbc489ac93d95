"""What a sweep optimizes: one figure of the validation images, SPLIT/KEY as in metrics.json.

The figures of each kind of head stand here as names, so that a wrong one is known before anything is loaded.
"""

from collections.abc import Mapping
from typing import NamedTuple

from retrain.errors import InputError
from retrain.extensions import unknown_name

MAXIMIZE, MINIMIZE = "maximize", "minimize"
_ANY = {
    "accuracy": MAXIMIZE,
    "average_loss": MINIMIZE,
    "expected_calibration_error": MINIMIZE,
    "macro_f1": MAXIMIZE,
}
METRICS: Mapping[str, Mapping[str, str]] = {
    "softmax": {**_ANY, "balanced_accuracy": MAXIMIZE, "weighted_f1": MAXIMIZE},
    "sigmoid": {
        **_ANY,
        "exact_match": MAXIMIZE,
        "hamming_loss": MINIMIZE,
        "micro_f1": MAXIMIZE,
        "sample_f1": MAXIMIZE,
        "mean_average_precision": MAXIMIZE,
        "auc": MAXIMIZE,
    },
}
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
        for metric, direction in METRICS[kind].items()
    ]
