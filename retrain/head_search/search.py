"""Chooses the head of a frozen base: trains all candidates at once, takes the lowest validation loss.

Each candidate's loss is taken at the temperature that suits it best (Guo et al. 2017): a strong penalty makes
a head less sure of itself before it makes it worse, and sureness can be mended afterwards.

Without a validation split every tenth training example is held out to choose by, and the chosen candidate is
trained again on all of them.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import TaskExamples
from retrain.head_search.budget import PLAIN, Budget, Halving, operations
from retrain.head_search.decisions import head_of
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.starts import Start
from retrain.head_search.train_candidates import OutOfSample, out_of_sample, train_candidates
from retrain.head_search.trained_head import TrainedHead, best_of
from retrain.heads.head import Head
from retrain.settings.head import HeadSettings

HELD_OUT = 10  # one in so many, where there is no validation split
# Operations, about half a minute, from which on the worse half of a grid is not trained to its end.
HALVED = 2e12
DIVERGED = "Training diverged at every learning rate (up to {rate:.3g}): give a lower --learning_rate."

Grid = Sequence[HeadSettings]


class BestHead(NamedTuple):
    """The best of some candidates.

    Attributes:
      kernel, bias: float32 [F, C] and [C].
      candidate: its settings.
      criterion, loss: what it was chosen by ("validation loss"), and its own.
      history: its losses by step, as TensorBoard shows them.
      stopped: the step at which halving gave it up; None when it was trained to its end.
    """

    head: Head
    kernel: np.ndarray
    bias: np.ndarray
    candidate: HeadSettings
    criterion: str
    loss: float
    history: dict[int, dict[str, float]]
    stopped: int | None = None


def search_task(
    task: str, head: Head, settings: HeadSettings, splits: Mapping[str, TaskExamples], start: Start | None
) -> BestHead:
    """The best head of a task for these settings; a line of the log tells of it."""
    began, train = time.monotonic(), splits["train"]
    grid = candidates(settings, feature_scale(train.features), len(train.labels))
    best = search_head(head, grid, train, splits.get("validation"), start)
    of, seconds = best.candidate, time.monotonic() - began
    logging.info(
        "%s",
        f"{head_of(task)}: the best of {len(grid)} by {best.criterion} ({best.loss:.4g}) has "
        f"learning_rate={of.learning_rate:.3g} and l2_regularizer={of.l2_regularizer:.3g}; "
        f"{of.max_steps} steps of {of.batch_size} images, {seconds:.1f} s.",
    )
    return best


def search_head(
    head: Head,
    grid: Grid,
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
) -> BestHead:
    """Trains the candidates and returns the best; InputError when all of them diverge.

    All have the same class weights, by which the validation images count, too.
    """
    class_weights = grid[0].class_weights
    if validation is not None:
        return _best(head, grid, train, _weighed(head, validation, class_weights), start)
    if len(grid) == 1 or len(train.labels) < HELD_OUT:
        return _best(head, grid, train, None, start)
    at = np.arange(len(train.labels)) % HELD_OUT == 0
    held_out = _weighed(head, train.rows(at), class_weights)
    chosen = _best(head, grid, train.rows(~at), held_out, start)
    again = _best(head, [chosen.candidate], train, None, start)
    return again._replace(criterion="loss on held out training images", loss=chosen.loss)


def search_heads(
    head: Head,
    grids: Sequence[Grid],
    train: TaskExamples,
    validation: TaskExamples,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[BestHead | None]:
    """What search_head finds for each of the grids, all trained together; None where all of one diverge."""
    best: dict[int, BestHead | None] = {}
    for (class_weights, alone), positions in _together(head, grids, train).items():
        held_out = _weighed(head, validation, class_weights)
        within = budget if alone is None else budget._replace(halving=Halving())
        of_all = [candidate for position in positions for candidate in grids[position]]
        heads = iter(train_candidates(head, of_all, train, held_out, start=start, budget=within))
        for position in positions:
            of_grid = list(itertools.islice(heads, len(grids[position])))
            best[position] = _best_head(head, grids[position], of_grid, validated=True)
    return [best[position] for position in range(len(grids))]


def search_folds(
    head: Head,
    grids: Sequence[Grid],
    examples: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[OutOfSample | None]:
    """Of each grid the best candidate in cross-validation; None where all diverge. `fold_of` is int [N]."""
    of_all = [candidate for grid in grids for candidate in grid]
    results = iter(out_of_sample(head, of_all, examples, fold_of, start=start, budget=budget))
    by_grid = [list(itertools.islice(results, len(grid))) for grid in grids]
    best = [best_of([result.trained for result in of_grid], validated=True) for of_grid in by_grid]
    return [None if at is None else of_grid[at] for at, of_grid in zip(best, by_grid, strict=True)]


def _together(
    head: Head, grids: Sequence[Grid], train: TaskExamples
) -> dict[tuple[str, int | None], list[int]]:
    """(class weights of validation, the grid that is alone, or None) -> the grids trained together."""
    together: dict[tuple[str, int | None], list[int]] = {}
    for position, grid in enumerate(grids):
        # Where there is nothing to choose, it does not matter what the validation images count. A grid that
        # is halved by itself must be trained by itself, and one so large would gain nothing from others.
        weights = grid[0].class_weights if len(grid) > 1 else "none"
        alone = position if len(grid) > 1 and _is_halved(head, grid, train) else None
        together.setdefault((weights, alone), []).append(position)
    return together


def _weighed(head: Head, split: TaskExamples, class_weights: str) -> TaskExamples:
    return split._replace(weights=split.weights * head.example_weights(split.labels, class_weights))


def _best(
    head: Head, grid: Grid, train: TaskExamples, validation: TaskExamples | None, start: Start | None
) -> BestHead:
    halved = validation is not None and _is_halved(head, grid, train)
    budget = Budget(halving=Halving()) if halved else PLAIN
    heads = train_candidates(head, grid, train, validation, start=start, budget=budget)
    best = _best_head(head, grid, heads, validation is not None)
    if best is None:
        raise InputError(DIVERGED.format(rate=max(candidate.learning_rate for candidate in grid)))
    return best


def _is_halved(head: Head, grid: Grid, train: TaskExamples) -> bool:
    """Whether the grid is large."""
    examples = sum(candidate.max_steps * candidate.batch_size for candidate in grid)
    return operations(examples, train.features.shape[1], head.num_classes) >= HALVED


def _best_head(head: Head, grid: Grid, heads: Sequence[TrainedHead], validated: bool) -> BestHead | None:
    at = best_of(heads, validated)
    if at is None:
        return None
    best = heads[at]
    return BestHead(
        head=head,
        kernel=best.kernel,
        bias=best.bias,
        candidate=grid[at],
        criterion="validation loss" if validated else "training loss",
        loss=float(best.calibrated_loss) if validated else best.training_loss,
        history=best.history,
        stopped=best.stopped,
    )
