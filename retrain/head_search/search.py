"""The heads of a frozen base: one candidate is chosen from a grid, and trained on all images to train on."""

import dataclasses
import functools
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.budget import PLAIN, Budget, Halving, operations
from retrain.head_search.choice import Choice, Grid, chosen
from retrain.head_search.decisions import head_of
from retrain.head_search.folds import cross_validation, judged_in_folds, one_fold
from retrain.head_search.recipe import FeatureScale, candidates, feature_scale
from retrain.head_search.starts import Start
from retrain.head_search.task_candidates import TaskCandidates, size_of
from retrain.head_search.task_search import TaskSearch, alike, task_searches
from retrain.head_search.train_candidates import (
    out_of_sample,
    tasks_out_of_sample,
    train_candidates,
    train_tasks,
)
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


def search_tasks(
    settings: HeadSettings, examples: LabelledExamples, starts: Mapping[str, Start]
) -> dict[str, BestHead]:
    """The best head of each task for these settings; a line of the log tells of it.

    Tasks that are alike are searched side by side. Validation images only tell how training went.
    InputError when all candidates of a task diverge.
    """
    scale_of = functools.cache(lambda rows: feature_scale(examples.features[np.frombuffer(rows, bool)]))
    is_train, best = (examples.table["split"] == "train").to_numpy(bool), {}
    for names in alike(examples, examples.tasks):
        known = examples.tasks[names[0]].known
        searches = task_searches(examples, names, starts, settings.seed)
        best |= _search(settings, searches, scale_of((known & is_train).tobytes()))
    return {name: best[name] for name in examples.tasks}


def _search(
    settings: HeadSettings, searches: Mapping[str, TaskSearch], scale: FeatureScale
) -> dict[str, BestHead]:
    """The best heads of tasks that are alike, by their names."""
    began, of_tasks = time.monotonic(), list(searches.values())
    grid = candidates(settings, scale, len(of_tasks[0].train.labels))
    choices = choose_each(grid, of_tasks)
    best = [] if None in choices else _train_each(of_tasks, choices)
    if None in choices or None in best:
        raise InputError(DIVERGED.format(rate=max(candidate.learning_rate for candidate in grid)))
    taken = f"{time.monotonic() - began:.1f} s" + (f" for {len(best)} heads" if len(best) > 1 else "")
    for task, choice in zip(searches, choices, strict=True):
        of, why = choice.candidate, f" ({choice.reason})" if choice.reason else ""
        logging.info(
            "%s",
            f"{head_of(task)}: learning_rate={of.learning_rate:.3g}, l2_regularizer={of.l2_regularizer:.3g}"
            f"{why}; {of.max_steps} steps of {of.batch_size} images, {taken}.",
        )
    return dict(zip(searches, best, strict=True))


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
    [choice] = choose_each(grid, [TaskSearch(head, train, fold_of, start=start)], memory)
    return choice


def choose_each(
    grid: Grid, searches: Sequence[TaskSearch], memory: int = PLAIN.memory
) -> list[Choice | None]:
    """The same of each of several tasks that are alike."""
    if len(grid) == 1:
        return [Choice(grid[0])] * len(searches)
    shorter = [dataclasses.replace(of, max_steps=_fewer(of.max_steps)) for of in grid]
    comparable = [judged_in_folds(of.head, of.train.labels, of.fold_of).any() for of in searches]
    tasks = [
        TaskCandidates(of.head, shorter, cross_validation(of.train, of.fold_of), of.start)
        for of in itertools.compress(searches, comparable)
    ]
    results = iter(tasks_out_of_sample(tasks, Budget(memory, _halving(tasks[0]))) if tasks else ())
    strongest = Choice(grid[0], 0, f"of {len(grid)} the strongest penalty: too few images to compare them by")
    return [
        chosen(of.head, grid, next(results), of.train, of.fold_of) if is_comparable else strongest
        for of, is_comparable in zip(searches, comparable, strict=True)
    ]


def _train_each(searches: Sequence[TaskSearch], choices: Sequence[Choice]) -> list[BestHead | None]:
    """The heads of several tasks that are alike; None where one diverges."""
    of_each = [choice.candidate for choice in choices]
    tasks = [
        TaskCandidates(of.head, [candidate], one_fold(of.train, of.validation), of.start)
        for of, candidate in zip(searches, of_each, strict=True)
    ]
    return [
        _best_head(of.head, candidate, trained)
        for of, candidate, [trained] in zip(searches, of_each, train_tasks(tasks), strict=True)
    ]


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


def _halving(task: TaskCandidates) -> Halving | None:
    """Where the grid of a task is large."""
    size = size_of([task])
    examples = sum(candidate.max_steps * candidate.batch_size for candidate in task.candidates)
    large = operations(examples, size.num_features, size.folds * size.num_classes) >= HALVED
    return Halving() if large else None
