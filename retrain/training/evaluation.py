"""Figures over an input: every example counts once, however the batches fall; the heads see all at once."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.training.training_loop import TrainingLoop

Figures = dict[str, Any]
ByTask = Mapping[str, np.ndarray]


def labelled_probabilities(loop: TrainingLoop, batches: Iterable[Any]) -> tuple[ByTask, ByTask]:
    """Encoded labels [N, ...] and probabilities [N, C] by task, of batches (inputs, labels), in order."""
    labels: dict[str, list[np.ndarray]] = {task: [] for task in loop.model.heads}
    probabilities: dict[str, list[tf.Tensor]] = {task: [] for task in loop.model.heads}
    for inputs, batch_labels, *_ in batches:
        for task, (_, values) in loop.predictions(inputs).items():
            labels[task].append(np.asarray(batch_labels[task]))
            probabilities[task].append(values.numpy())
    if not all(labels.values()):
        raise InputError("Evaluation needs at least one example, but the input was empty.")
    return _joined(labels), _joined(probabilities)


def figures_by_task(
    heads: Mapping[str, Head],
    labels: ByTask,
    probabilities: ByTask,
    weights: Mapping[str, float] = MappingProxyType({}),
) -> Figures:
    """The heads' metrics, and `loss`, the weighted sum of theirs; with several tasks, keys end in `/TASK`.

    A task that no example has a label of has no figures.
    """
    figures: Figures = {"loss": 0.0}
    for task, head in heads.items():
        if task not in labels or not head.labelled(labels[task]).any():
            continue
        of_task = head.metrics(labels[task], probabilities[task])
        suffix = f"/{task}" if len(heads) > 1 else ""
        figures |= {key + suffix: value for key, value in of_task.items()}
        figures["loss"] += weights.get(task, 1.0) * of_task["average_loss"]
    return figures


def _joined(parts: Mapping[str, list[np.ndarray]]) -> ByTask:
    return {task: np.concatenate(arrays) for task, arrays in parts.items()}
