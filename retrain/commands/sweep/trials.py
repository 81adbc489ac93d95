"""The trials of a sweep: each is what `train` does with its flags, those of the same features at once.

A trial is judged by the validation images, or, with folds, by all images but those of test, each of which is
predicted by a head that has not seen it. Images of test are never looked at here.
"""

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from retrain.commands.options import training_steps
from retrain.commands.sweep.image_trial import image_trial
from retrain.commands.sweep.judging import Judging, Predicted, cost_of, judged, validation_of
from retrain.commands.train.prepared import Prepared
from retrain.examples.task_examples import TaskExamples
from retrain.head_search.folds import assign_folds, out_of_sample
from retrain.head_search.recipe import feature_scale
from retrain.head_search.search import best_of, search_heads
from retrain.head_search.task_heads import task_splits, trials_of
from retrain.heads.head import Head
from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about
from retrain.settings.pixels import unread_by
from retrain.sweep.record import Record

# What trials of the same module, tasks and images may differ in.
OF_A_HEAD = (
    *("learning_rate", "max_steps", "train_epochs", "batch_size", "dropout_rate", "label_smoothing"),
    *("l1_regularizer", "l2_regularizer", "class_weights"),
)


def trial_config(config: Config, flags: Mapping[str, Any]) -> Config:
    """What `train` is given to train the trial: the flags of the sweep that are its own, and the trial's.

    What only fine-tuning reads is left out where the trial does none.
    """
    others = {name: field.default for name, field in FIELDS.items() if "train" not in about(field).verbs}
    trial = dataclasses.replace(config, **others, model_dir=None, **flags)
    unread = unread_by(trial, trial.augments)
    return dataclasses.replace(trial, **{name: FIELDS[name].default for name in unread})


def shared(config: Config) -> Config:
    """The config without what concerns the head alone; trials of which it is equal share their features.

    One that trains on images shares nothing: it may change the module.
    """
    if config.trains_on_images:
        return config
    return dataclasses.replace(config, **{name: FIELDS[name].default for name in OF_A_HEAD})


def run_trials(
    configs: Sequence[Config],
    prepared: Callable[[Config], Prepared],
    judging: Judging,
    image_dir: str,
    run: str,
) -> Iterator[dict[int, Record]]:
    """Records by the position of their config, those of one group of trials after another."""
    groups: dict[Config, list[int]] = {}
    for position, config in enumerate(configs):
        groups.setdefault(shared(config), []).append(position)
    for common, positions in groups.items():
        start = time.monotonic()
        if common.trains_on_images:
            records = [image_trial(common, prepared, judging, image_dir, run)] * len(positions)
        else:
            records = _head_trials([configs[at] for at in positions], prepared(common), judging)
        seconds = (time.monotonic() - start) / len(positions)
        yield {at: record._replace(seconds=seconds) for at, record in zip(positions, records, strict=True)}


def _head_trials(configs: Sequence[Config], prepared: Prepared, judging: Judging) -> list[Record]:
    """All trials at once, one task after another."""
    unseen: dict[str, TaskExamples] = {}
    predicted: list[dict[str, Predicted | None]] = [{} for _ in configs]
    for task, head in prepared.heads.items():
        judged_by = _held_out if judging.folds is None else _in_folds
        unseen[task], of_trials = judged_by(configs, task, head, prepared, judging)
        for by_task, of_trial in zip(predicted, of_trials, strict=True):
            by_task[task] = of_trial
    cost = cost_of(prepared.module) if judging.costs else 0.0
    return [
        judged(config, prepared.heads, unseen, by_task, judging.objective)._replace(cost=cost)
        for config, by_task in zip(configs, predicted, strict=True)
    ]


def _held_out(
    configs: Sequence[Config], task: str, head: Head, prepared: Prepared, judging: Judging
) -> tuple[TaskExamples, list[Predicted | None]]:
    """Trained on train, for validation."""
    splits = task_splits(prepared.examples, prepared.features, task, head)
    train, validation = splits["train"], validation_of(splits)
    scale, count = feature_scale(train.features), len(train.labels)
    grids = [trials_of(config, scale, training_steps(config, count)) for config in configs]
    found = search_heads(
        head, grids, train, validation, prepared.starts.get(task), judging.memory, judging.halving
    )
    return validation, [
        best and Predicted(validation.features @ best.kernel + best.bias, best.stopped) for best in found
    ]


def _in_folds(
    configs: Sequence[Config], task: str, head: Head, prepared: Prepared, judging: Judging
) -> tuple[TaskExamples, list[Predicted | None]]:
    """Trained on all folds but one, for that one; train and validation together make the folds."""
    known = head.labelled(head.encode(prepared.examples[task])) & (prepared.examples["split"] != "test")
    examples = prepared.examples.assign(split=np.where(known, "train", "test"))
    split = task_splits(examples, prepared.features, task, head)["train"]
    fold_of = assign_folds(split.labels, examples["group"][known].tolist(), judging.folds, configs[0].seed)
    scale, count = feature_scale(split.features), round(len(fold_of) * (1 - 1 / judging.folds))
    grids = [trials_of(config, scale, training_steps(config, count)) for config in configs]
    trials = [trial for grid in grids for trial in grid]
    results = iter(
        out_of_sample(
            head, trials, split, fold_of, prepared.starts.get(task), judging.memory, judging.halving
        )
    )
    predicted = []
    for grid in grids:
        of_grid = list(itertools.islice(results, len(grid)))
        best = best_of([result.trained for result in of_grid], validated=True)
        predicted.append(
            None if best is None else Predicted(of_grid[best].logits, of_grid[best].trained.stopped)
        )
    return split, predicted
