"""Chooses the head of a frozen base: trains all trials at once, takes the lowest validation loss.

Each trial's loss is taken at the temperature that suits it best (Guo et al. 2017): a strong penalty makes a
head less sure of itself before it makes it worse, and sureness can be mended afterwards.

Without a validation split every tenth training example is held out to choose by, and the chosen trial is
trained again on all of them.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.errors import InputError
from retrain.examples.task_examples import TaskExamples
from retrain.head_search.halving import Halving
from retrain.head_search.head_trials import train_trials
from retrain.head_search.trial import Start, TrainedHead, Trial
from retrain.head_search.trial_plan import MEMORY, operations
from retrain.heads.head import Head

HELD_OUT = 10  # one in so many, where there is no validation split
HALVED = (
    2e12  # operations, about half a minute, from which on the worse half of a grid is not trained to its end
)
DIVERGED = "Training diverged at every learning rate (up to {rate:.3g}): give a lower --learning_rate."


class FoundHead(NamedTuple):
    """The best head.

    Attributes:
      kernel, bias: float32 [F, C] and [C].
      trial: its settings.
      criterion, loss: what it was chosen by ("validation loss"), and its own.
      readings: its losses by step, as TensorBoard shows them.
      stopped: the step at which halving gave it up; None when it was trained to its end.
    """

    kernel: np.ndarray
    bias: np.ndarray
    trial: Trial
    criterion: str
    loss: float
    readings: dict[int, dict[str, float]]
    stopped: int | None = None


def search_head(
    head: Head,
    trials: Sequence[Trial],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
) -> FoundHead:
    """Trains the trials and returns the best; InputError when all of them do.

    All trials have the same class weights, by which the validation images count, too.
    """
    class_weights = trials[0].class_weights
    if validation is not None:
        return _best(head, trials, train, _weighed(head, validation, class_weights), start)
    if len(trials) == 1 or len(train.labels) < HELD_OUT:
        return _best(head, trials, train, None, start)
    at = np.arange(len(train.labels)) % HELD_OUT == 0
    held_out = _weighed(head, train.rows(at), class_weights)
    chosen = _best(head, trials, train.rows(~at), held_out, start)
    again = _best(head, [chosen.trial], train, None, start)
    return again._replace(criterion="loss on held out training images", loss=chosen.loss)


def search_heads(
    head: Head,
    grids: Sequence[Sequence[Trial]],
    train: TaskExamples,
    validation: TaskExamples,
    start: Start | None = None,
    memory: int = MEMORY,
    halving: Halving | None = None,
) -> list[FoundHead | None]:
    """What search_head finds for each of the grids, all trained together; None where all trials diverge."""
    found: dict[int, FoundHead | None] = {}
    groups: dict[tuple[str, int | None], list[int]] = {}
    for position, grid in enumerate(grids):
        # Where there is nothing to choose, it does not matter what the validation images count. A grid that
        # is halved by itself must be trained by itself, and one so large would gain nothing from others.
        weights = grid[0].class_weights if len(grid) > 1 else "none"
        alone = position if len(grid) > 1 and _halving(head, grid, train) else None
        groups.setdefault((weights, alone), []).append(position)
    for (class_weights, alone), positions in groups.items():
        held_out = _weighed(head, validation, class_weights)
        trials = [trial for position in positions for trial in grids[position]]
        halved = halving if alone is None else Halving()
        heads = iter(train_trials(head, trials, train, held_out, start, memory, halved))
        for position in positions:
            found[position] = _found(
                grids[position], list(itertools.islice(heads, len(grids[position]))), True
            )
    return [found[position] for position in range(len(grids))]


def _weighed(head: Head, split: TaskExamples, class_weights: str) -> TaskExamples:
    return split._replace(weights=split.weights * head.example_weights(split.labels, class_weights))


def _best(
    head: Head,
    trials: Sequence[Trial],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None,
) -> FoundHead:
    halving = None if validation is None else _halving(head, trials, train)
    heads = train_trials(head, trials, train, validation, start, halving=halving)
    found = _found(trials, heads, validation is not None)
    if found is None:
        raise InputError(DIVERGED.format(rate=max(trial.learning_rate for trial in trials)))
    return found


def _halving(head: Head, trials: Sequence[Trial], train: TaskExamples) -> Halving | None:
    """That of a large grid."""
    examples = sum(trial.steps * trial.batch_size for trial in trials)
    large = operations(examples, train.features.shape[1], head.num_classes) >= HALVED
    return Halving() if large else None


def best_of(heads: Sequence[TrainedHead], validated: bool) -> int | None:
    """The position of the best, of those not given up if there are such; None where all diverged."""
    losses = np.asarray([of.calibrated_loss if validated else of.losses[-1, 0] for of in heads])
    given_up = np.asarray([of.stopped is not None for of in heads])
    possible = np.isfinite(losses) & (~given_up | given_up.all())
    return int(np.where(possible, losses, np.inf).argmin()) if possible.any() else None


def _found(trials: Sequence[Trial], heads: Sequence[TrainedHead], validated: bool) -> FoundHead | None:
    best = best_of(heads, validated)
    if best is None:
        return None
    head = heads[best]
    return FoundHead(
        head.kernel,
        head.bias,
        trials[best],
        "validation loss" if validated else "training loss",
        float(head.calibrated_loss if validated else head.losses[-1, 0]),
        _readings(head),
        head.stopped,
    )


def _readings(head: TrainedHead) -> dict[int, dict[str, float]]:
    """Validation only where there is one."""
    readings = {}
    for step, (training, validation) in zip(head.steps.tolist(), head.losses, strict=True):
        readings[step] = {"loss": float(training)}
        if np.isfinite(validation):
            readings[step]["validation_loss"] = float(validation)
    return readings
