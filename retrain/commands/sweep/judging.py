"""How the trials of a sweep are judged: by what their heads make of images that they have not seen."""

import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.commands.task_flags import task_weights
from retrain.errors import InputError
from retrain.examples.task_examples import TaskExamples
from retrain.examples.tasks import Heads
from retrain.head_search.halving import Halving
from retrain.head_search.task_heads import decided
from retrain.heads.head import Head, Labels
from retrain.modules.graphs.traced_graph import count_float_operations, traced
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.config import Config
from retrain.sweep.objective import Objective
from retrain.sweep.record import Record, failed_record
from retrain.training.evaluation import Figures, figures_by_task

DIVERGED = "training diverged"


class Judging(NamedTuple):
    """How trials are trained and judged.

    Attributes:
      objective: by what figure.
      folds: in how many parts; None judges by the validation split.
      halving: how trials that lag behind are given up, if they are.
      memory: for the trials that are trained at once, in bytes.
      costs: whether the operations of the module are counted, because modules or image sizes differ.
    """

    objective: Objective
    folds: int | None
    halving: Halving | None
    memory: int
    costs: bool


class Predicted(NamedTuple):
    """Of one trial and task: logits [N, C] for images that were not trained on, and where it was stopped."""

    logits: np.ndarray
    stopped: int | None


def validation_of(splits: Mapping[str, TaskExamples]) -> TaskExamples:
    """The validation split; InputError without one."""
    if "validation" not in splits:
        raise InputError(
            "A sweep ranks its trials by validation images, but there are none: give a "
            "--validation_percentage, or --folds=5."
        )
    return splits["validation"]


def judged(
    config: Config,
    heads: Heads,
    unseen: Mapping[str, TaskExamples],
    predicted: Mapping[str, Predicted | None],
    objective: Objective,
) -> Record:
    """The figures that the trial's heads have on the images they have not seen."""
    if any(of is None or not np.isfinite(of.logits).all() for of in predicted.values()):
        return failed_record({}, DIVERGED)
    after = {
        task: decided(head, unseen[task].labels, predicted[task].logits, config.calibrate)
        for task, head in heads.items()
    }
    labels = {task: split.labels for task, split in unseen.items()}
    probabilities = {
        task: head.probabilities(tf.constant(predicted[task].logits)).numpy() for task, head in after.items()
    }
    figures = figures_by_task(after, labels, probabilities, task_weights(config, heads))
    value = figures.get(objective.key)
    if value is None or not math.isfinite(value):
        return failed_record(_plain(figures), f"{objective.name} has no value")
    task = objective.task
    scores = _scores(after[task], labels[task], predicted[task].logits, probabilities[task], objective)
    stopped = max((of.stopped for of in predicted.values() if of.stopped is not None), default=None)
    return Record(float(value), _plain(figures), scores, stopped)


def _plain(figures: Figures) -> Figures:
    """Numbers and intervals: no matrices, no figures of single classes."""
    return {
        key: value for key, value in figures.items() if isinstance(value, int | float) or "_interval" in key
    }


def _scores(
    head: Head, labels: Labels, logits: np.ndarray, probabilities: np.ndarray, objective: Objective
) -> np.ndarray:
    """Of each image, minus its loss, or whether it is right."""
    if objective.is_loss:
        losses = head.loss(
            head.targets(tf.constant(labels)), tf.constant(logits / np.float32(head.temperature))
        )
        return -losses.numpy()
    guessed = head.encode(head.predicted(probabilities))
    agree = (guessed == labels) | np.isnan(labels.astype(np.float32))
    return agree.reshape(len(agree), -1).all(axis=1).astype(np.float32)


@functools.cache
def cost_of(module: ImageModule) -> float:
    """Operations for one image."""
    return float(count_float_operations(traced(module, IMAGE_FEATURE_VECTOR)))
