"""Figures over an input: every example counts once, however the batches fall; the heads see all at once.

They are written as TensorBoard events without the tensorboard package, which TensorFlow no longer brings
along. tf.summary.scalar needs it; what it does is little, see tensorboard/plugins/scalar/summary_v2.py.
"""

import os
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

_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"), data_class="DATA_CLASS_SCALAR"
)


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


def finite_figures(loop: TrainingLoop, batches: Iterable[Any]) -> Figures | None:
    """Figures of the model as it is; None where it no longer gives numbers."""
    labels, probabilities = labelled_probabilities(loop, batches)
    if not all(np.isfinite(values).all() for values in probabilities.values()):
        return None
    return figures_by_task(loop.model.heads, labels, probabilities, loop.loss.task_weights)


def told(figures: Figures) -> str:
    """The figures of validation that stand in the log."""
    accuracies = [f"{key} {value:.1%}" for key, value in figures.items() if key.split("/")[0] == "accuracy"]
    return f"validation loss {figures['loss']:.4g}, {', '.join(accuracies)}"


def write_scalars(directory: str | os.PathLike[str], by_step: Mapping[int, Mapping[str, float]]) -> None:
    """Adds an events file with scalars by step to a directory."""
    writer = tf.summary.create_file_writer(str(directory))
    with writer.as_default():
        for step, values in by_step.items():
            for tag, value in values.items():
                tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=_SCALAR)
    writer.close()


def write_figures(directory: str | os.PathLike[str], step: int, figures: Mapping[str, Any]) -> None:
    """Adds the numbers among the figures of an evaluation."""
    write_scalars(
        directory, {step: {key: value for key, value in figures.items() if isinstance(value, float)}}
    )


def _joined(parts: Mapping[str, list[np.ndarray]]) -> ByTask:
    return {task: np.concatenate(arrays) for task, arrays in parts.items()}
