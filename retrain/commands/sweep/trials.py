"""The trials of a sweep: each is what `train` does with its flags, those of the same features at once.

A trial is judged by the validation images, or, with folds, by all images but those of test, each of which is
predicted by a head that has not seen it. Images of test are never looked at here.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

from retrain.commands.sweep.image_trial import image_trial
from retrain.commands.sweep.judging import Judging, Predicted, Unseen, judged, validation_of
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.choice import Grid
from retrain.head_search.folds import task_folds
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.search import choose, search_folds, train_chosen
from retrain.head_search.task_search import choosing_folds
from retrain.runs.run import Run
from retrain.studies.record import Record

Predictions = tuple[TaskExamples, list[Predicted | None]]


def run_trials(
    plans: Sequence[TrainPlan], preparing: Callable[[TrainPlan], Prepared], judging: Judging, run: Run
) -> Iterator[dict[int, Record]]:
    """Records by the position of their plan, those of one group of trials after another."""
    groups: dict[Hashable, list[int]] = {}
    for position, plan in enumerate(plans):
        groups.setdefault(together(plan), []).append(position)
    for positions in groups.values():
        start, of_group = time.monotonic(), [plans[at] for at in positions]
        if of_group[0].config.trains_on_images:
            records = [image_trial(of_group[0], preparing, judging, run)] * len(positions)
        else:
            records = head_trials(of_group, preparing(of_group[0]), judging)
        seconds = (time.monotonic() - start) / len(positions)
        yield {at: record._replace(seconds=seconds) for at, record in zip(positions, records, strict=True)}


def together(plan: TrainPlan) -> Hashable:
    """The same for trials of the same features; one that trains on images may change the module."""
    return plan.config if plan.config.trains_on_images else (plan.config.data, plan.config.module)


def head_trials(plans: Sequence[TrainPlan], prepared: Prepared, judging: Judging) -> list[Record]:
    """All trials at once, one task after another."""
    judged_by = _held_out if judging.folds is None else _in_folds
    by_task = {task: judged_by(plans, task, prepared, judging) for task in prepared.examples.tasks}
    unseen = {task: examples for task, (examples, _) in by_task.items()}
    cost, records = judging.cost_of(prepared.module), []
    for position, plan in enumerate(plans):
        predicted = {task: of_trials[position] for task, (_, of_trials) in by_task.items()}
        calibrate = plan.config.head.calibrate
        record = judged(prepared.examples, Unseen(unseen, predicted), judging.metric, calibrate)
        records.append(record._replace(cost=cost))
    return records


def _held_out(plans: Sequence[TrainPlan], task: str, prepared: Prepared, judging: Judging) -> Predictions:
    """Chosen and trained on train, for validation."""
    head, splits = prepared.examples.heads[task], prepared.examples.by_split(task)
    train, validation = splits["train"], validation_of(splits)
    fold_of = choosing_folds(prepared.examples, task, plans[0].config.head.seed)
    start = prepared.starts.get(task)
    choices = [
        choose(head, grid, train, fold_of, start=start, memory=judging.budget.memory)
        for grid in _grids(plans, train, len(train.labels))
    ]
    best = train_chosen(head, choices, train, validation, start=start, budget=judging.budget)
    return validation, [
        found and Predicted(validation.features @ found.kernel + found.bias, found.stopped) for found in best
    ]


def _in_folds(plans: Sequence[TrainPlan], task: str, prepared: Prepared, judging: Judging) -> Predictions:
    """Trained on all folds but one, for that one; train and validation together make the folds."""
    head, examples = prepared.examples.heads[task], _without_test(prepared.examples)
    of_task = examples.of(task)
    fold_of = task_folds(examples, task, judging.folds, plans[0].config.head.seed)
    grids = _grids(plans, of_task, round(len(fold_of) * (1 - 1 / judging.folds)))
    start = prepared.starts.get(task)
    best = search_folds(head, grids, of_task, fold_of, start=start, budget=judging.budget)
    return of_task, [found and Predicted(found.logits, found.trained.stopped) for found in best]


def _grids(plans: Sequence[TrainPlan], examples: TaskExamples, count: int) -> list[Grid]:
    """Of each plan, as `train` fills it in for so many of the examples."""
    scale = feature_scale(examples.features)
    return [candidates(plan.config.head, scale, count) for plan in plans]


def _without_test(examples: LabelledExamples) -> LabelledExamples:
    return examples.without(np.flatnonzero(examples.table["split"] == "test"))
