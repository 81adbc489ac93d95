"""Trains many heads on the same features at once: one is a small matrix problem, a hundred a larger one.

Candidates that see the same batches, with the same features dropped, are trained in one group, those of
several tasks among them. A candidate gives the same head alone and among others; with halving, those that are
not given up do.

Features are centred while a head is trained, and their mean goes into the bias afterwards. The bias is
trained like the weight of one more feature, as large as the others are.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.head_search.budget import (
    PLAIN,
    Budget,
    Halving,
    cohort_limit,
    equal_parts,
    folds_fit,
    group_limit,
    groups,
    tasks_at_once,
)
from retrain.head_search.candidate_group import Candidate, CandidateGroup
from retrain.head_search.folds import cross_validation, one_fold
from retrain.head_search.starts import Start
from retrain.head_search.task_candidates import TaskCandidates, centred, held_out, size_of
from retrain.head_search.trained_head import OutOfSample, TrainedHead
from retrain.heads.head import Head
from retrain.progress import progress
from retrain.settings.head import HeadSettings

HEADS = "heads"  # what progress is called


def train_candidates(
    head: Head,
    candidates: Sequence[HeadSettings],
    train: TaskExamples,
    validation: TaskExamples | None,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> list[TrainedHead]:
    """Trains one head for each candidate, from `start`, else from zeros.

    The weights of `train` are those of the examples alone. Halving needs a validation split.
    """
    task = TaskCandidates(head, candidates, one_fold(train, validation), start)
    return next(train_tasks([task], budget))


def out_of_sample(
    head: Head,
    candidates: Sequence[HeadSettings],
    examples: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    budget: Budget = PLAIN,
) -> Iterator[OutOfSample]:
    """Trains each candidate without each fold, and predicts that fold: `fold_of` is int [N]."""
    task = TaskCandidates(head, candidates, cross_validation(examples, fold_of), start)
    return next(tasks_out_of_sample([task], budget))


def tasks_out_of_sample(
    tasks: Sequence[TaskCandidates], budget: Budget = PLAIN, description: str = HEADS
) -> Iterator[Iterator[OutOfSample]]:
    """The same of each of several tasks, which are alike as `train_tasks` wants them.

    Progress is told under that description.

    Heads of so many classes that those of all folds do not fit side by side are trained one by one, each
    candidate when it is asked for: what is given is then to be used up before the next.
    """
    if folds_fit(size_of(tasks), budget.memory):
        of_tasks = train_tasks(tasks, budget, description)
    else:
        of_tasks = (_one_by_one(task, budget, description) for task in tasks)
    return (_predicting(task, trained) for task, trained in zip(tasks, of_tasks, strict=True))


def _predicting(task: TaskCandidates, trained: Iterable[TrainedHead]) -> Iterator[OutOfSample]:
    features, fold_of = task.folds.train.features, task.folds.fold_of
    return (OutOfSample(of, features, fold_of) for of in trained)


def _one_by_one(task: TaskCandidates, budget: Budget, description: str) -> Iterator[TrainedHead]:
    """A head for each fold of each candidate, without halving."""
    plain = budget._replace(halving=None)
    for candidate in task.candidates:
        alone = task._replace(candidates=[candidate])
        of_folds = [alone._replace(folds=fold) for fold in task.folds.each]
        heads = [next(train_tasks([fold], plain, description))[0] for fold in of_folds]
        yield TrainedHead(
            kernel=np.stack([of.kernel for of in heads]),
            bias=np.stack([of.bias for of in heads]),
            losses=np.mean([of.losses for of in heads], axis=0),
            steps=heads[0].steps,
        )


def train_tasks(
    tasks: Sequence[TaskCandidates], budget: Budget = PLAIN, description: str = HEADS
) -> Iterator[list[TrainedHead]]:
    """Of each task a head for each candidate, with one for each fold, those of some tasks at once.

    The tasks are of the same examples, in as many folds, and their heads of one kind for as many classes.
    With halving each is trained alone: its candidates are compared with no others.
    """
    size, examples = size_of(tasks), len(tasks[0].folds.shares)
    most = max(len(task.candidates) for task in tasks)
    limit = 1 if budget.halving else tasks_at_once(size, most, examples, budget.memory // 4)
    for together in equal_parts(tasks, limit):
        yield from _train_together(together, budget, description)


def _train_together(
    tasks: Sequence[TaskCandidates], budget: Budget, description: str
) -> list[list[TrainedHead]]:
    candidates = [
        Candidate(settings, place, task.start)
        for place, task in enumerate(tasks)
        for settings in task.candidates
    ]
    heads: dict[int, TrainedHead] = {}
    steps = _train_candidates(tasks, candidates, budget, heads)
    for _ in progress(steps, sum(of.settings.max_steps for of in candidates), description, "steps", int):
        pass
    numbers = iter(range(len(candidates)))
    return [[heads[next(numbers)] for _ in task.candidates] for task in tasks]


def _train_candidates(
    tasks: Sequence[TaskCandidates],
    candidates: Sequence[Candidate],
    budget: Budget,
    heads: dict[int, TrainedHead],
) -> Iterator[int]:
    """Adds a head for each candidate, by its position; gives the steps that were done, or are saved."""
    weightings = sorted({of.weighting for of in candidates})
    memory, size = budget.memory // 4, size_of(tasks)
    data = centred(tasks, weightings, memory)
    # What held-out examples lose on the way is told of one head; of folds only halving asks.
    is_asked = budget.halving or tasks[0].folds.shares.all()
    validations = held_out(tasks, data.centre, memory) if is_asked else []
    trained_on = {
        (task, name): tasks[task].head.trained_on(tasks[task].folds.train.labels, name)
        for task, name in weightings
    }
    of_each = [trained_on[of.weighting] for of in candidates]
    plan = groups(of_each, [of.settings for of in candidates], group_limit(size, memory))
    for cohort in _cohorts(plan, cohort_limit(size, memory) if budget.halving else 1):
        begun = [
            CandidateGroup(of_each[numbers[0]], {at: candidates[at] for at in numbers}, data, validations)
            for numbers in cohort
        ]
        yield from _train(begun, budget.halving, heads)


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
