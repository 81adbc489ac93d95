"""What the head of a task is searched by, and which tasks are alike: their heads are trained at once."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.folds import FOLDS, task_folds
from retrain.head_search.starts import Start
from retrain.heads.head import Head


class TaskSearch(NamedTuple):
    """What the head of a task is searched by.

    Attributes:
      train: what it is trained on.
      fold_of: int [N], the folds of these by which a candidate is chosen.
      validation: what only tells how training went; None where there is none.
      start: where it begins, if not with zeros.
    """

    head: Head
    train: TaskExamples
    fold_of: np.ndarray
    validation: TaskExamples | None = None
    start: Start | None = None


def alike(examples: LabelledExamples, tasks: Collection[str]) -> list[list[str]]:
    """Those of these tasks together that have labels of the same images, and heads of one kind and size."""
    groups: dict[tuple, list[str]] = {}
    for name in tasks:
        of = examples.tasks[name]
        groups.setdefault((of.head.kind, of.head.num_classes, of.known.tobytes()), []).append(name)
    return list(groups.values())


def task_searches(
    examples: LabelledExamples, tasks: Collection[str], starts: Mapping[str, Start], seed: int
) -> dict[str, TaskSearch]:
    """Of tasks that are alike, which share their features."""
    first, *_ = tasks
    splits, searches = examples.about(first).by_split(first), {}
    for name in tasks:
        task = examples.tasks[name]
        of_task = {
            split: part._replace(labels=task.labels[task.known & (examples.table["split"] == split)])
            for split, part in splits.items()
        }
        searches[name] = TaskSearch(
            head=task.head,
            train=of_task["train"],
            fold_of=choosing_folds(examples, name, seed),
            validation=of_task.get("validation"),
            start=starts.get(name),
        )
    return searches


def choosing_folds(examples: LabelledExamples, task: str, seed: int) -> np.ndarray:
    """The folds that a candidate is chosen by: int [N], of the images to train on."""
    alone = examples.about(task).with_features(None)
    return task_folds(alone.split("train"), task, FOLDS, seed)
