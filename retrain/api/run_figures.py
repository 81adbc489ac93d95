"""The figures of one task and split, as metrics.json and predictions.csv have them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrain.errors import InputError
from retrain.extensions import unknown_name

ACCURACY = "accuracy/"
ONE_TASK = "There is one task only: leave task= out."
ONE_CLASS_EACH = "That is told of a task in which an image has one class; report.html shows that of others."


class Certainty(NamedTuple):
    """How sure a classifier is of images, float [N] in [0, 1], and whether it is right, bool [N]."""

    sure: np.ndarray
    right: np.ndarray


def tasks_of(metrics: Mapping[str, Any], split: str) -> list[str]:
    """The names of several tasks; none where there is one only."""
    return [key.removeprefix(ACCURACY) for key in metrics[split] if key.startswith(ACCURACY)]


def best_split(metrics: Mapping[str, Any]) -> str:
    """The one whose figures say most of images to come: test, else what there is."""
    splits = [split for split, of in metrics.items() if isinstance(of, Mapping)]
    if not splits:
        raise InputError("There are no figures: no image was held out.")
    return next((split for split in ("test", "evaluation", "validation") if split in splits), splits[0])


def figures_of(metrics: Mapping[str, Any], split: str, task: str | None) -> dict[str, Any]:
    """The figures of a task, None for the only or first one, without its name in their keys."""
    splits = {name: of for name, of in metrics.items() if isinstance(of, Mapping)}
    if split not in splits:
        raise InputError(unknown_name(split, splits, "split that has figures"))
    figures, tasks = splits[split], tasks_of(metrics, split)
    if task is not None and task not in tasks:
        raise InputError(unknown_name(task, tasks, "task") if tasks else ONE_TASK)
    suffix = f"/{task or tasks[0]}" if tasks else ""
    return {key.removesuffix(suffix): value for key, value in figures.items() if key.endswith(suffix)}


def confusion_counts(metrics: Mapping[str, Any], split: str | None, task: str | None) -> pd.DataFrame:
    """Counts [C, C]: rows are labels, columns what was predicted; of a task with one class an image."""
    figures = figures_of(metrics, split or best_split(metrics), task)
    _check_exclusive(figures)
    names = pd.Index(figures["classes"])
    counts = _listed(figures, names) if "confusions" in figures else figures["confusion_matrix"]
    return pd.DataFrame(counts, names.rename(task or "label"), names.rename("predicted"), dtype=int)


def _listed(figures: Mapping[str, Any], names: pd.Index) -> np.ndarray:
    """The counts, where only those of mistakes are listed, and the number of images of each class."""
    counts = np.zeros([len(names), len(names)], int)
    for label, predicted, count in figures["confusions"]:
        counts[names.get_loc(label), names.get_loc(predicted)] = count
    right = [of["count"] for of in figures["classes"].values()] - counts.sum(axis=1)
    np.fill_diagonal(counts, right)
    return counts


def how_sure(
    metrics: Mapping[str, Any], predictions: pd.DataFrame, split: str | None, task: str | None
) -> Certainty:
    """Of the images of a split that have a label of the task, one class each."""
    split = split or best_split(metrics)
    _check_exclusive(figures_of(metrics, split, task))
    task = task or next(iter(tasks_of(metrics, split)), None)
    suffix = f"/{task}" if task is not None else ""
    labels = predictions[task if task is not None else predictions.columns[2]]
    rows = (predictions["split"] == split) & (labels != "")
    if not rows.any():
        raise InputError(f"predictions.csv has no images of the split {split!r}: name another.")
    right = labels[rows] == predictions[f"predicted{suffix}"][rows]
    return Certainty(predictions[f"probability{suffix}"][rows].to_numpy(), right.to_numpy())


def _check_exclusive(figures: Mapping[str, Any]) -> None:
    if "confusion_matrix" not in figures and "confusions" not in figures:
        raise InputError(ONE_CLASS_EACH)
