"""The trials of a sweep: each is what `train` does with its flags, those of the same features at once.

A trial is judged by the validation images, or, with folds, by all images but those of test, each of which is
predicted by a head that has not seen it. Images of test are never looked at here.
"""

import dataclasses
import functools
import hashlib
import itertools
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from retrain.commands.options import training_steps
from retrain.commands.prepared import Prepared
from retrain.commands.task_flags import task_weights
from retrain.commands.task_heads import decided, task_splits, trials_of
from retrain.commands.tasks import Heads
from retrain.commands.train import train_model
from retrain.config import FIELDS, Config, to_flags
from retrain.errors import DivergedError, InputError
from retrain.heads.head import Head, Labels
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.modules.traced_graph import count_float_operations, traced
from retrain.settings.fine_tuning import unread_by
from retrain.settings.setting import about
from retrain.sweep.objective import Objective
from retrain.sweep.record import Record, failed_record
from retrain.training.evaluation import Figures, figures_by_task
from retrain.training.folds import assign_folds, out_of_sample
from retrain.training.halving import Halving
from retrain.training.head_search import best_of, search_heads
from retrain.training.recipe import feature_scale
from retrain.training.trial import Split

# What trials of the same module, tasks and images may differ in.
OF_A_HEAD = (
    *("learning_rate", "max_steps", "train_epochs", "batch_size", "dropout_rate", "label_smoothing"),
    *("l1_regularizer", "l2_regularizer", "class_weights"),
)
DIVERGED = "training diverged"
IMAGE_TRIALS = "trials"


class Judging(NamedTuple):
    """How trials are trained and judged.

    Attributes:
      objective: by what figure.
      folds: in how many parts; None judges by the validation split.
      halving: how trials that lag behind are given up, if they are.
      memory: for the trials that are trained at once, in bytes.
      costs: whether the operations of the module are counted, because modules or image sizes differ.
    """

    objective: Objective
    folds: int | None
    halving: Halving | None
    memory: int
    costs: bool


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
        of_group = prepared(common)
        start = time.monotonic()
        if common.trains_on_images:
            directory = image_trial_directory(run, common)
            records = [_image_trial(common, of_group, judging, image_dir, directory)] * len(positions)
        else:
            records = _head_trials([configs[position] for position in positions], of_group, judging)
        seconds = (time.monotonic() - start) / len(positions)
        cost = _cost(of_group.module) if judging.costs else 0.0
        yield {
            at: record._replace(seconds=seconds, cost=cost)
            for at, record in zip(positions, records, strict=True)
        }


@functools.cache
def _cost(module: ImageModule) -> float:
    """Operations for one image."""
    return float(count_float_operations(traced(module, IMAGE_FEATURE_VECTOR)))


class _Predicted(NamedTuple):
    """Of one trial and task: logits [N, C] for images that were not trained on, and where it was stopped."""

    logits: np.ndarray
    stopped: int | None


def image_trial_directory(run: str, config: Config) -> str:
    """Where a trial that trains on images keeps its checkpoints: it goes on there after a kill."""
    name = hashlib.sha256(to_flags(config, "train").encode()).hexdigest()[:12]
    return os.path.join(run, IMAGE_TRIALS, name)


def _image_trial(
    config: Config, prepared: Prepared, judging: Judging, image_dir: str, directory: str
) -> Record:
    """One trial, as `train` would, but for what it writes at the end."""
    os.makedirs(directory, exist_ok=True)
    try:
        model, features, _ = train_model(config, prepared, image_dir, directory)
    except DivergedError:
        return failed_record({}, DIVERGED)
    unseen, predicted = {}, {}
    for task, head in prepared.heads.items():
        unseen[task] = _validation(task_splits(prepared.examples, features, task, head))
        kernel, bias = (values[task].numpy() for values in (model.kernels, model.biases))
        predicted[task] = _Predicted(unseen[task].features @ kernel + bias, None)
    return _judged(config, prepared.heads, unseen, predicted, judging.objective)


def _validation(splits: Mapping[str, Split]) -> Split:
    if "validation" not in splits:
        raise InputError(
            "A sweep ranks its trials by validation images, but there are none: give a "
            "--validation_percentage, or --folds=5."
        )
    return splits["validation"]


def _head_trials(configs: Sequence[Config], prepared: Prepared, judging: Judging) -> list[Record]:
    """All trials at once, one task after another."""
    unseen: dict[str, Split] = {}
    predicted: list[dict[str, _Predicted | None]] = [{} for _ in configs]
    for task, head in prepared.heads.items():
        judged_by = _held_out if judging.folds is None else _in_folds
        unseen[task], of_trials = judged_by(configs, task, head, prepared, judging)
        for by_task, of_trial in zip(predicted, of_trials, strict=True):
            by_task[task] = of_trial
    return [
        _judged(config, prepared.heads, unseen, by_task, judging.objective)
        for config, by_task in zip(configs, predicted, strict=True)
    ]


def _held_out(
    configs: Sequence[Config], task: str, head: Head, prepared: Prepared, judging: Judging
) -> tuple[Split, list[_Predicted | None]]:
    """Trained on train, for validation."""
    splits = task_splits(prepared.examples, prepared.features, task, head)
    train, validation = splits["train"], _validation(splits)
    scale, count = feature_scale(train.features), len(train.labels)
    grids = [trials_of(config, scale, training_steps(config, count)) for config in configs]
    found = search_heads(
        head, grids, train, validation, prepared.starts.get(task), judging.memory, judging.halving
    )
    return validation, [
        best and _Predicted(validation.features @ best.kernel + best.bias, best.stopped) for best in found
    ]


def _in_folds(
    configs: Sequence[Config], task: str, head: Head, prepared: Prepared, judging: Judging
) -> tuple[Split, list[_Predicted | None]]:
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
            None if best is None else _Predicted(of_grid[best].logits, of_grid[best].trained.stopped)
        )
    return split, predicted


def _judged(
    config: Config,
    heads: Heads,
    unseen: Mapping[str, Split],
    predicted: Mapping[str, _Predicted | None],
    objective: Objective,
) -> Record:
    """The figures that the trial's heads have on the images they have not seen."""
    if any(of is None or not np.isfinite(of.logits).all() for of in predicted.values()):
        return failed_record({}, DIVERGED)
    after = {
        task: decided(head, unseen[task].labels, predicted[task].logits, config.calibrate)
        for task, head in heads.items()
    }
    labels = {task: split.labels for task, split in unseen.items()}
    probabilities = {
        task: head.probabilities(tf.constant(predicted[task].logits)).numpy() for task, head in after.items()
    }
    figures = figures_by_task(after, labels, probabilities, task_weights(config, heads))
    value = figures.get(objective.key)
    if value is None or not math.isfinite(value):
        return failed_record(_plain(figures), f"{objective.name} has no value")
    task = objective.task
    scores = _scores(after[task], labels[task], predicted[task].logits, probabilities[task], objective)
    stopped = max((of.stopped for of in predicted.values() if of.stopped is not None), default=None)
    return Record(float(value), _plain(figures), scores, stopped)


def _plain(figures: Figures) -> Figures:
    """Numbers and intervals: no matrices, no figures of single classes."""
    return {
        key: value for key, value in figures.items() if isinstance(value, int | float) or "_interval" in key
    }


def _scores(
    head: Head, labels: Labels, logits: np.ndarray, probabilities: np.ndarray, objective: Objective
) -> np.ndarray:
    """Of each image, minus its loss, or whether it is right."""
    if objective.is_loss:
        losses = head.loss(
            head.targets(tf.constant(labels)), tf.constant(logits / np.float32(head.temperature))
        )
        return -losses.numpy()
    guessed = head.encode(head.predicted(probabilities))
    agree = (guessed == labels) | np.isnan(labels.astype(np.float32))
    return agree.reshape(len(agree), -1).all(axis=1).astype(np.float32)
