"""Trains many heads on the same features at once: one is a small matrix problem, a hundred a larger one.

Candidates that see the same batches, with the same features dropped, are trained in one group. A candidate
gives the same head alone and among others; with halving, those that are not given up do.

Features are centred while a head is trained, and their mean goes into the bias afterwards. The bias is
trained like the weight of one more feature, as large as the others are.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.features.stored import mean_features
from retrain.head_search.batches import Centred, made_resident, mean_square
from retrain.head_search.budget import (
    PLAIN,
    Budget,
    Halving,
    Size,
    cohort_limit,
    folds_fit,
    group_limit,
    groups,
)
from retrain.head_search.candidate_group import CandidateGroup
from retrain.head_search.folds import Folds, cross_validation, one_fold
from retrain.head_search.starts import Start
from retrain.head_search.trained_head import OutOfSample, TrainedHead
from retrain.heads.head import Head
from retrain.progress import progress
from retrain.settings.head import HeadSettings


def train_candidates(
    head: Head,
    candidates: Sequence[HeadSettings],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[TrainedHead]:
    """Trains one head for each candidate, from `start`, else from zeros.

    The weights of `train` are those of the examples alone: candidates give class weights by their name.
    Halving needs a validation split.
    """
    return _train_folds(head, candidates, one_fold(train, validation), start, budget)


def out_of_sample(
    head: Head,
    candidates: Sequence[HeadSettings],
    examples: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> Iterator[OutOfSample]:
    """Trains each candidate without each fold, and predicts that fold: `fold_of` is int [N].

    Heads of so many classes that those of all folds do not fit side by side are trained one by one, each
    candidate when it is asked for: what is given is then to be used up before the next.
    """
    folds = cross_validation(examples, fold_of)
    size = _size(head, candidates, folds)
    if folds_fit(size, budget.memory):
        trained = iter(_train_folds(head, candidates, folds, start, budget))
    else:
        trained = (_one_by_one(head, candidate, folds, start, budget) for candidate in candidates)
    return (OutOfSample(of, examples.features, fold_of) for of in trained)


def _one_by_one(
    head: Head, candidate: HeadSettings, folds: Folds, start: Start | None, budget: Budget
) -> TrainedHead:
    """A head for each fold, without halving."""
    plain = budget._replace(halving=None)
    heads = [_train_folds(head, [candidate], fold, start, plain)[0] for fold in folds.each]
    return TrainedHead(
        kernel=np.stack([of.kernel for of in heads]),
        bias=np.stack([of.bias for of in heads]),
        losses=np.mean([of.losses for of in heads], axis=0),
        steps=heads[0].steps,
    )


def _train_folds(
    head: Head, candidates: Sequence[HeadSettings], folds: Folds, start: Start | None, budget: Budget
) -> list[TrainedHead]:
    """For each candidate a head for each fold."""
    names = sorted({candidate.class_weights for candidate in candidates})
    memory = budget.memory // 4
    data = _centred(head, folds, names, memory)
    # What held-out examples lose on the way is told of one head; of folds only halving asks.
    asked = folds.validations if budget.halving or folds.shares.all() else []
    validations = [_validation(split, data.centre, memory) for split in asked]
    size = _size(head, candidates, folds)
    trained_on = {name: head.trained_on(folds.train.labels, name) for name in names}
    plan = groups(trained_on, candidates, group_limit(size, memory))
    limit = cohort_limit(size, memory) if budget.halving else 1
    heads: dict[int, TrainedHead] = {}

    def group(numbers: Sequence[int]) -> CandidateGroup:
        chosen = {number: candidates[number] for number in numbers}
        of_all = trained_on[candidates[numbers[0]].class_weights]
        return CandidateGroup(of_all, chosen, data, validations, start)

    def work() -> Iterator[int]:
        for cohort in _cohorts(plan, limit):
            yield from _train([group(numbers) for numbers in cohort], budget.halving, heads)

    for _ in progress(work(), sum(of.max_steps for of in candidates), "heads", "steps", int):
        pass
    return [heads[number] for number in range(len(candidates))]


def _size(head: Head, candidates: Sequence[HeadSettings], folds: Folds) -> Size:
    largest_batch = max(candidate.batch_size for candidate in candidates)
    return Size(folds.train.features.shape[1], head.num_classes, folds.shares.shape[1], largest_batch)


def _centred(head: Head, folds: Folds, class_weights: Sequence[str], memory: int) -> Centred:
    """The training examples, weighted in each way, so that in every fold the weights sum up to the same."""
    train = folds.train
    by_name = [head.example_weights(train.labels, name) for name in class_weights]
    whole = (train.weights * np.asarray(by_name)).T[:, None, :]
    weights = whole * folds.shares[:, :, None]
    weights *= whole.sum(axis=0) / np.maximum(weights.sum(axis=0), np.finfo(np.float32).tiny)
    centre = mean_features(train.features)
    data = Centred(train.features, train.labels, weights, centre, tuple(class_weights))
    data = made_resident(data, memory)
    return data._replace(mean_square=mean_square(data), shifts=_shifts(folds, centre))


def _shifts(folds: Folds, centre: np.ndarray) -> np.ndarray | None:
    """Where the mean of each fold's examples lies, of those that are not held out in it, less that of all."""
    if folds.shares.all():
        return None
    count, held_out = len(folds.shares), (folds.shares == 0).sum(axis=0, dtype=np.float32)[:, None]
    means = np.stack([mean_features(split.features) for split in folds.validations])
    return (centre - means) * held_out / np.maximum(count - held_out, 1)


def _validation(split: TaskExamples, centre: np.ndarray, memory: int) -> Centred:
    centred = Centred(split.features, split.labels, split.weights[:, None, None], centre)
    return made_resident(centred, memory)


def _cohorts(plan: Sequence[Sequence[int]], limit: int) -> Iterator[list[Sequence[int]]]:
    """The groups that are under way at once: of `limit` candidates together, or one group."""
    cohort: list[Sequence[int]] = []
    for numbers in plan:
        if cohort and len(numbers) + sum(map(len, cohort)) > limit:
            yield cohort
            cohort = []
        cohort.append(numbers)
    yield cohort


def _train(
    groups: Sequence[CandidateGroup], halving: Halving | None, heads: dict[int, TrainedHead]
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
            yield len(gone) * (group.shared.max_steps - group.step)
        groups = [group for group in groups if group.numbers]
    for group in groups:
        yield from group.advance(1.0)
        heads.update(group.heads())
