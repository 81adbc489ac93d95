"""The head of a frozen base: one candidate is chosen from a grid, and trained on all images to train on."""

import dataclasses
import itertools
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.budget import PLAIN, Budget, Halving, operations
from retrain.head_search.choice import Choice, Grid, chosen
from retrain.head_search.decisions import head_of
from retrain.head_search.folds import FOLDS, judged_in_folds, task_folds
from retrain.head_search.recipe import FeatureScale, candidates, feature_scale
from retrain.head_search.starts import Start
from retrain.head_search.train_candidates import out_of_sample, train_candidates
from retrain.head_search.trained_head import OutOfSample, TrainedHead
from retrain.heads.head import Head
from retrain.settings.head import HeadSettings

# So many times fewer steps, but so many at least, rank penalties as all steps do.
SHORTER, STEPS = 5, 200
# Operations, about half a minute, from which on the worse half of a grid is not trained to its end.
HALVED = 2e12

DIVERGED = "Training diverged at every learning rate (up to {rate:.3g}): give a lower --learning_rate."


class BestHead(NamedTuple):
    """The best of some candidates.

    Attributes:
      kernel, bias: float32 [F, C] and [C].
      candidate: its settings.
      history: its losses by step, as TensorBoard shows them.
      stopped: the step at which halving gave it up; None when it was trained to its end.
    """

    head: Head
    kernel: np.ndarray
    bias: np.ndarray
    candidate: HeadSettings
    history: dict[int, dict[str, float]]
    stopped: int | None = None


def search_task(
    task: str,
    settings: HeadSettings,
    examples: LabelledExamples,
    start: Start | None,
    scale: FeatureScale | None = None,
) -> BestHead:
    """The best head of a task for these settings; a line of the log tells of it.

    Validation images only tell how training went. `scale` is that of the features of train, where it is
    known. InputError when all candidates diverge.
    """
    began, head, examples = time.monotonic(), examples.heads[task], examples.about(task)
    splits = examples.by_split(task)
    train = splits["train"]
    grid = candidates(settings, scale or feature_scale(train.features), len(train.labels))
    choice = choose(head, grid, train, choosing_folds(examples, task, settings.seed), start)
    [best] = train_chosen(head, [choice], train, splits.get("validation"), start)
    if best is None:
        raise InputError(DIVERGED.format(rate=max(candidate.learning_rate for candidate in grid)))
    of, why = best.candidate, f" ({choice.reason})" if choice.reason else ""
    logging.info(
        "%s",
        f"{head_of(task)}: learning_rate={of.learning_rate:.3g}, l2_regularizer={of.l2_regularizer:.3g}{why}"
        f"; {of.max_steps} steps of {of.batch_size} images, {time.monotonic() - began:.1f} s.",
    )
    return best


def choosing_folds(examples: LabelledExamples, task: str, seed: int) -> np.ndarray:
    """The folds that a candidate is chosen by: int [N], of the images to train on."""
    return task_folds(examples.split("train"), task, FOLDS, seed)


def choose(
    head: Head,
    grid: Grid,
    train: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    memory: int = PLAIN.memory,
) -> Choice | None:
    """The candidate of a grid to train on `train`, by cross-validation; None where all diverge.

    `fold_of` is int [N], the fold of each example; about `memory` bytes are taken.
    """
    if len(grid) == 1:
        return Choice(grid[0])
    if not judged_in_folds(head, train.labels, fold_of).any():
        return Choice(grid[0], 0, f"the strongest of {len(grid)}: too few images to compare them by")
    shorter = [dataclasses.replace(of, max_steps=_fewer(of.max_steps)) for of in grid]
    budget = Budget(memory, Halving() if _is_large(head, shorter, train, fold_of) else None)
    results = out_of_sample(head, shorter, train, fold_of, start=start, budget=budget)
    return chosen(head, grid, results, train, fold_of)


def train_chosen(
    head: Head,
    choices: Sequence[Choice | None],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[BestHead | None]:
    """The heads of these choices, trained together; None where there is none, or where it diverges."""
    of_all = [choice.candidate for choice in choices if choice is not None]
    if not of_all:
        return [None] * len(choices)
    heads = iter(train_candidates(head, of_all, train, validation, start=start, budget=budget))
    return [choice and _best_head(head, choice.candidate, next(heads)) for choice in choices]


def _best_head(head: Head, candidate: HeadSettings, trained: TrainedHead) -> BestHead | None:
    if trained.failed:
        return None
    return BestHead(
        head=head,
        kernel=trained.kernel,
        bias=trained.bias,
        candidate=candidate,
        history=trained.history,
        stopped=trained.stopped,
    )


def search_folds(
    head: Head,
    grids: Sequence[Grid],
    examples: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[OutOfSample | None]:
    """Of each grid the chosen candidate in cross-validation; None where all diverge. `fold_of` is int [N]."""
    of_all = [candidate for grid in grids for candidate in grid]
    results = iter(out_of_sample(head, of_all, examples, fold_of, start=start, budget=budget))
    by_grid = [list(itertools.islice(results, len(grid))) for grid in grids]
    choices = [chosen(head, *of_grid, examples, fold_of) for of_grid in zip(grids, by_grid, strict=True)]
    return [choice and of_grid[choice.position] for choice, of_grid in zip(choices, by_grid, strict=True)]


def _fewer(steps: int) -> int:
    return min(steps, max(STEPS, -(-steps // SHORTER)))


def _is_large(head: Head, grid: Grid, train: TaskExamples, fold_of: np.ndarray) -> bool:
    examples = sum(candidate.max_steps * candidate.batch_size for candidate in grid)
    columns = len(np.unique(fold_of)) * head.num_classes
    return operations(examples, train.features.shape[1], columns) >= HALVED
