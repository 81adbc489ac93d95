"""Which figures a split will have: what can be ranked by, and which way each of them is better."""

from collections.abc import Mapping

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.heads import HEADS
from retrain.metric import LOSS, Metric


def metrics_of(kinds: Mapping[str, str]) -> dict[str, Metric]:
    """Every figure by its key, the default first; `kinds`: task -> kind of head, the primary task first.

    A key is the figure's name, with `/TASK` where there are several tasks. The last is the loss of all tasks.
    """
    suffixes = {task: f"/{task}" if len(kinds) > 1 else "" for task in kinds}
    found = [
        Metric(name, task, name + suffixes[task], higher)
        for task, kind in kinds.items()
        for name, higher in HEADS[kind].figures.items()
    ]
    return {metric.key: metric for metric in [*found, LOSS]}


def find_metric(text: str, kinds: Mapping[str, str], what: str) -> Metric:
    """The figure of that key; InputError, which says that the text is no `what`, where there is none."""
    metrics = metrics_of(kinds)
    if text not in metrics:
        raise InputError(unknown_name(text, metrics, what))
    return metrics[text]
