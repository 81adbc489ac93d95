"""What is trained for tasks that are asked of the same examples, and what their heads are trained on.

Such tasks are alike: their examples have labels of all of them, are held out in as many folds, and their
heads are of one kind for as many classes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.features.stored import mean_features
from retrain.head_search.batches import Centred, made_resident, mean_square
from retrain.head_search.budget import Size
from retrain.head_search.folds import Folds
from retrain.head_search.starts import Start
from retrain.heads.head import Head
from retrain.settings.head import HeadSettings

Weighting = tuple[int, str]  # the position of a task, and its class weights


class TaskCandidates(NamedTuple):
    """The candidates for the head of one task, with what they are trained on, and where they begin.

    The weights of the examples are their own alone: candidates give class weights by their name.
    """

    head: Head
    candidates: Sequence[HeadSettings]
    folds: Folds
    start: Start | None = None


def size_of(tasks: Sequence[TaskCandidates]) -> Size:
    """Of the problem that tasks are which are alike."""
    head, folds = tasks[0].head, tasks[0].folds
    largest_batch = max(of.batch_size for task in tasks for of in task.candidates)
    return Size(folds.train.features.shape[1], head.num_classes, folds.shares.shape[1], largest_batch)


def centred(tasks: Sequence[TaskCandidates], weightings: Sequence[Weighting], memory: int) -> Centred:
    """The training examples, with the labels of all tasks, and weighted in each way."""
    train = tasks[0].folds.train
    centre = mean_features(train.features)
    labels = np.stack([task.folds.train.labels for task in tasks], axis=1)
    weights = np.stack([_weights(tasks[task], name) for task, name in weightings], axis=2)
    data = made_resident(Centred(train.features, labels, weights, centre, tuple(weightings)), memory)
    shifts = None if tasks[0].folds.shares.all() else np.stack([_shifts(of.folds, centre) for of in tasks], 1)
    return data._replace(mean_square=mean_square(data), shifts=shifts)


def _weights(task: TaskCandidates, class_weights: str) -> np.ndarray:
    """Of the examples, float32 [N, folds], so that in every fold they sum up to the same."""
    train, shares = task.folds.train, task.folds.shares
    whole = train.weights * task.head.example_weights(train.labels, class_weights)
    weights = whole[:, None] * shares
    weights *= whole.sum() / np.maximum(weights.sum(axis=0), np.finfo(np.float32).tiny)
    return weights


def _shifts(folds: Folds, centre: np.ndarray) -> np.ndarray:
    """Where the mean of each fold's examples lies, of those that are not held out in it, less that of all."""
    count, held_out = len(folds.shares), (folds.shares == 0).sum(axis=0, dtype=np.float32)[:, None]
    means = np.stack([mean_features(split.features) for split in folds.validations])
    return (centre - means) * held_out / np.maximum(count - held_out, 1)


def held_out(tasks: Sequence[TaskCandidates], centre: np.ndarray, memory: int) -> list[Centred]:
    """What the heads of each fold are judged by; of several tasks the same examples, as of one fold."""
    by_fold = zip(*(task.folds.validations for task in tasks), strict=True)
    return [_validation(splits, centre, memory) for splits in by_fold]


def _validation(splits: Sequence[TaskExamples], centre: np.ndarray, memory: int) -> Centred:
    features, _, weights = splits[0]
    labels = np.stack([split.labels for split in splits], axis=1)
    return made_resident(Centred(features, labels, weights[:, None, None], centre), memory)
