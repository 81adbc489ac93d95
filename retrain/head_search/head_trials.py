"""Trains many heads on the same features at once: one is a small matrix problem, a hundred a larger one.

Trials that see the same batches, with the same features dropped, are trained in one group (`trial_plan` says
which). A trial gives the same head alone and among others; with halving, those that are not given up do.

Features are centred while a head is trained, and their mean goes into the bias afterwards. The bias is
trained like the weight of one more feature, as large as the others are.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from retrain.examples.task_examples import TaskExamples
from retrain.features.stored import mean_features
from retrain.head_search.halving import Halving
from retrain.head_search.trial import Start, TrainedHead, Trial
from retrain.head_search.trial_batches import Centred, made_resident, mean_square
from retrain.head_search.trial_group import TrialGroup
from retrain.head_search.trial_plan import MEMORY, Size, cohort_limit, group_limit, groups
from retrain.heads.head import Head
from retrain.progress import progress


def train_trials(
    head: Head,
    trials: Sequence[Trial],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
    memory: int = MEMORY,
    halving: Halving | None = None,
) -> list[TrainedHead]:
    """Trains one head for each trial, from `start`, else from zeros; in about `memory` bytes.

    The weights of `train` are those of the examples alone: trials give class weights by their name. Halving
    needs a validation split.
    """
    whole = np.ones([len(train.labels), 1], np.float32)
    validations = [] if validation is None else [validation]
    return train_folds(head, trials, train, whole, validations, start, memory, halving)


def train_folds(
    head: Head,
    trials: Sequence[Trial],
    train: TaskExamples,
    shares: np.ndarray,
    validations: Sequence[TaskExamples],
    start: Start | None = None,
    memory: int = MEMORY,
    halving: Halving | None = None,
) -> list[TrainedHead]:
    """As train_trials, with a head for each of some folds in each trial.

    `shares` [N, folds] is what an example weighs in a fold beyond its own weight: 0 where it is held out.
    There is one validation split for each fold, or none.
    """
    names = sorted({trial.class_weights for trial in trials})
    data = _centred(head, train, shares, names, memory // 4)
    held_out = [_validation(split, data.centre, memory // 4) for split in validations]
    largest_batch = max(trial.batch_size for trial in trials)
    size = Size(len(data.centre), head.num_classes, shares.shape[1], largest_batch)
    trained_on = {name: head.trained_on(train.labels, name) for name in names}
    plan = groups(trained_on, trials, group_limit(size, memory // 4))
    limit = cohort_limit(size, memory // 4) if halving else 1
    heads: dict[int, TrainedHead] = {}

    def group(numbers: Sequence[int]) -> TrialGroup:
        chosen = {number: trials[number] for number in numbers}
        weightings = [names.index(trial.class_weights) for trial in chosen.values()]
        of_all = trained_on[trials[numbers[0]].class_weights]
        return TrialGroup(of_all, chosen, weightings, data, held_out, start)

    def work() -> Iterator[int]:
        for cohort in _cohorts(plan, limit):
            yield from _train([group(numbers) for numbers in cohort], halving, heads)

    for _ in progress(work(), sum(trial.steps for trial in trials), "heads", "steps", int):
        pass
    return [heads[number] for number in range(len(trials))]


def _centred(
    head: Head, split: TaskExamples, shares: np.ndarray, class_weights: Sequence[str], memory: int
) -> Centred:
    """The training examples, weighted in each way, so that in every fold the weights sum up to the same."""
    by_name = [head.example_weights(split.labels, name) for name in class_weights]
    whole = (split.weights * np.asarray(by_name)).T[:, None, :]
    weights = whole * shares[:, :, None]
    weights *= whole.sum(axis=0) / np.maximum(weights.sum(axis=0), np.finfo(np.float32).tiny)
    centred = Centred(split.features, split.labels, weights, mean_features(split.features))
    data = made_resident(centred, memory)
    return data._replace(mean_square=mean_square(data))


def _validation(split: TaskExamples, centre: np.ndarray, memory: int) -> Centred:
    centred = Centred(split.features, split.labels, split.weights[:, None, None], centre)
    return made_resident(centred, memory)


def _cohorts(plan: Sequence[Sequence[int]], limit: int) -> Iterator[list[Sequence[int]]]:
    """The groups that are under way at once: of `limit` trials together, or one group."""
    cohort: list[Sequence[int]] = []
    for numbers in plan:
        if cohort and len(numbers) + sum(map(len, cohort)) > limit:
            yield cohort
            cohort = []
        cohort.append(numbers)
    yield cohort


def _train(
    groups: Sequence[TrialGroup], halving: Halving | None, heads: dict[int, TrainedHead]
) -> Iterator[int]:
    """Trains the groups to their end, and adds their heads; gives the steps that were done, or are saved."""
    for share in halving.after if halving else ():
        for group in groups:
            yield from group.advance(share)
        losses = {number: loss for group in groups for number, loss in group.calibrated_losses().items()}
        surviving = set(halving.survivors(losses))
        for group in groups:
            gone = [number for number in group.numbers if number not in surviving]
            heads.update(group.give_up(gone))
            yield len(gone) * (group.shared.steps - group.step)
        groups = [group for group in groups if group.numbers]
    for group in groups:
        yield from group.advance(1.0)
        heads.update(group.heads())
