"""How the trials of a sweep are judged: by what their heads make of images that they have not seen."""

import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.budget import Budget
from retrain.head_search.decisions import decided
from retrain.heads.computed_rows import Rows, finite_rows
from retrain.metric import Metric
from retrain.modules.graphs.traced_graph import count_float_operations, traced
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.studies.objective import name_of
from retrain.studies.record import Record, failed_record
from retrain.training.evaluation import Figures, figures_by_task

DIVERGED = "training diverged"


class Judging(NamedTuple):
    """How trials are trained and judged.

    Attributes:
      metric: by what figure.
      folds: in how many parts; None judges by the validation split.
      budget: the memory for trials that are trained at once, and how those that lag behind are given up.
      costs: whether the operations of the module are counted, because modules or image sizes differ.
    """

    metric: Metric
    folds: int | None
    budget: Budget
    costs: bool

    def cost_of(self, module: ImageModule) -> float:
        """Operations for one image; 0 where they are not counted."""
        return _cost_of(module) if self.costs else 0.0


class Predicted(NamedTuple):
    """Of one trial and task: logits [N, C] for images that were not trained on, and where it was stopped."""

    logits: Rows
    stopped: int | None = None


class Unseen(NamedTuple):
    """What a trial's heads make of images that they have not seen, by task; None where they diverged."""

    examples: Mapping[str, TaskExamples]
    predicted: Mapping[str, Predicted | None]


def validation_of(splits: Mapping[str, TaskExamples]) -> TaskExamples:
    """The validation split; InputError without one."""
    if "validation" not in splits:
        raise InputError(
            "A sweep ranks its trials by validation images, but there are none: give a "
            "--validation_percentage, or --folds=5."
        )
    return splits["validation"]


def judged(examples: LabelledExamples, unseen: Unseen, metric: Metric, calibrate: bool) -> Record:
    """The figures that the trial's heads have; `examples` tell of heads and the weights of tasks."""
    predicted = unseen.predicted
    if any(of is None or not finite_rows(of.logits).all() for of in predicted.values()):
        return failed_record({}, DIVERGED)
    labels = {task: of_task.labels for task, of_task in unseen.examples.items()}
    after = {
        task: decided(head, labels[task], predicted[task].logits, calibrate)
        for task, head in examples.heads.items()
    }
    logits = {task: predicted[task].logits for task in after}
    probabilities = {
        task: head.kept(labels[task], head.probabilities_of(logits[task])) for task, head in after.items()
    }
    figures = figures_by_task(after, labels, probabilities, examples.task_weights, logits)
    value = metric.value(figures)
    if not math.isfinite(value):
        return failed_record(_plain(figures), f"{name_of(metric)} has no value")
    scores = {
        task: head.scores(metric, labels[task], logits[task], probabilities[task])
        for task, head in after.items()
        if metric.task in (task, None)
    }
    stopped = max((of.stopped for of in predicted.values() if of.stopped is not None), default=None)
    return Record(value, _plain(figures), _joined(scores, metric, examples.task_weights), stopped)


def _joined(scores: Mapping[str, np.ndarray], metric: Metric, weights: Mapping[str, float]) -> np.ndarray:
    """Those of the metric's task; of the loss of all tasks, so scaled that their mean is minus the loss."""
    if metric.task is not None:
        return scores[metric.task]
    count = sum(map(len, scores.values()))
    return np.concatenate([of * (weights[task] * count / len(of)) for task, of in scores.items()])


def _plain(figures: Figures) -> Figures:
    """Numbers and intervals: no matrices, no figures of single classes."""
    return {
        key: value for key, value in figures.items() if isinstance(value, int | float) or "_interval" in key
    }


@functools.cache
def _cost_of(module: ImageModule) -> float:
    return float(count_float_operations(traced(module, IMAGE_FEATURE_VECTOR)))
