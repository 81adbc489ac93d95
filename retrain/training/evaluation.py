"""Figures over an input: every example counts once, however the batches fall; the heads see all at once."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.computed_rows import Rows
from retrain.heads.head import Head
from retrain.training.input_check import check_batches, input_errors, with_checked_images
from retrain.training.loss import of_task
from retrain.training.training_loop import TrainingLoop

Figures = dict[str, Any]
ByTask = Mapping[str, np.ndarray]


def labelled_logits(loop: TrainingLoop, batches: tf.data.Dataset) -> tuple[ByTask, ByTask]:
    """Encoded labels [N, ...] and logits [N, C] by task, of batches (inputs, labels), in order."""
    labels: dict[str, list[np.ndarray]] = {task: [] for task in loop.model.heads}
    logits: dict[str, list[np.ndarray]] = {task: [] for task in loop.model.heads}
    check_batches(batches, loop.model)
    with input_errors():
        for inputs, given, *_ in with_checked_images(batches):
            for task, (values, _) in loop.predictions(inputs).items():
                labels[task].append(loop.model.heads[task].taken(of_task(given, task), task).numpy())
                logits[task].append(values.numpy())
    if not all(labels.values()):
        raise InputError("Evaluation needs at least one example, but the input was empty.")
    return _joined(labels), _joined(logits)


def figures_by_task(
    heads: Mapping[str, Head],
    labels: ByTask,
    probabilities: Mapping[str, Any],
    weights: Mapping[str, float] = MappingProxyType({}),
    logits: Mapping[str, Rows] = MappingProxyType({}),
) -> Figures:
    """The heads' metrics, and `loss`, the weighted sum of theirs; with several tasks, keys end in `/TASK`.

    `probabilities` are what heads keep of them. A task that no example has a label of has no figures. Where
    its logits are known, a certain mistake costs what it costs in training: of a probability that rounds to 0
    only a bound of its loss is known.
    """
    figures: Figures = {"loss": 0.0}
    for task, head in heads.items():
        if task not in labels or not head.labelled(labels[task]).any():
            continue
        of_task = head.metrics(labels[task], probabilities[task])
        if task in logits:
            of_task["average_loss"] = _average_loss(head, labels[task], logits[task])
        suffix = f"/{task}" if len(heads) > 1 else ""
        figures |= {key + suffix: value for key, value in of_task.items()}
        figures["loss"] += weights.get(task, 1.0) * of_task["average_loss"]
    return figures


class Judged(NamedTuple):
    """What a step is judged by.

    Attributes:
      raw_loss: before heads were calibrated; nan where a model gives no numbers.
      loss_error: the standard error of the figures' loss, which is a mean over examples.
    """

    figures: Figures
    raw_loss: float
    loss_error: float = 0.0


def judged(loop: TrainingLoop, batches: tf.data.Dataset, calibrate: bool) -> Judged:
    """The model as it is, or with its heads as they would be exported: calibrated on these examples.

    A step is chosen by what would come of it: with smoothed labels a network becomes ever less sure than it
    is right, which a temperature mends, and which would else count against every step but the first.
    """
    labels, logits = labelled_logits(loop, batches)
    if not all(np.isfinite(values).all() for values in logits.values()):
        return Judged({}, math.nan)
    raw = figures_of_logits(loop, labels, logits)
    heads, figures = loop.model.heads, raw
    if calibrate:
        heads = {task: head.calibrated(labels[task], logits[task]) for task, head in heads.items()}
        figures = figures_of_logits(loop, labels, logits, heads)
    return Judged(figures, raw["loss"], loss_error(heads, labels, logits, loop.loss.task_weights))


def figures_of_logits(
    loop: TrainingLoop, labels: ByTask, logits: ByTask, heads: Mapping[str, Head] | None = None
) -> Figures:
    """Figures of what a model, by its own heads or others, makes of examples with these labels."""
    heads = heads or loop.model.heads
    probabilities = {
        task: head.probabilities(tf.constant(logits[task])).numpy() for task, head in heads.items()
    }
    return figures_by_task(heads, labels, probabilities, loop.loss.task_weights, logits)


def told(figures: Figures) -> str:
    """The figures of validation that stand in the log."""
    accuracies = [f"{key} {value:.1%}" for key, value in figures.items() if key.split("/")[0] == "accuracy"]
    return f"validation loss {figures['loss']:.4g}, {', '.join(accuracies)}"


def loss_error(
    heads: Mapping[str, Head], labels: ByTask, logits: Mapping[str, Rows], weights: Mapping[str, float]
) -> float:
    """The standard error of the sum of tasks' losses, as if they were of different examples."""
    of_each = {task: _losses(head, labels[task], logits[task]) for task, head in heads.items()}
    squares = (weights.get(task, 1.0) ** 2 * of.var() / len(of) for task, of in of_each.items() if len(of))
    return math.sqrt(sum(squares))


def _average_loss(head: Head, labels: np.ndarray, logits: Rows) -> float:
    return float(_losses(head, labels, logits).mean(dtype=float))


def _losses(head: Head, labels: np.ndarray, logits: Rows) -> np.ndarray:
    """Of examples with a label. Classes are not balanced in it: what a head is `trained_on` is left out."""
    return head.replaced().losses(labels, logits)[head.labelled(labels)]


def _joined(parts: Mapping[str, list[np.ndarray]]) -> ByTask:
    return {task: np.concatenate(arrays) for task, arrays in parts.items()}
