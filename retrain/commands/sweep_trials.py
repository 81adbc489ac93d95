"""The trials of a sweep: each is what `train` does with its flags, and those that share features share them.

A trial is judged by the validation images, or, with folds, by all images but those of test, each of which is
predicted by a head that has not seen it. Images of test are never looked at here.
"""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.model_selection import StratifiedGroupKFold

from retrain.commands.prepared import Prepared
from retrain.commands.task_flags import task_weights
from retrain.commands.task_heads import task_splits, train_task
from retrain.config import FIELDS, Config
from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.modules.traced_graph import count_float_operations, traced
from retrain.settings.setting import about
from retrain.sweep.objective import Objective
from retrain.sweep.record import Record
from retrain.training.evaluation import Figures, figures_by_task

# What trials of the same module, tasks and images may differ in.
OF_A_HEAD = (
    *("learning_rate", "max_steps", "train_epochs", "batch_size", "dropout_rate", "label_smoothing"),
    *("l1_regularizer", "l2_regularizer", "class_weights"),
)


def trial_config(config: Config, flags: Mapping[str, Any]) -> Config:
    """What `train` is given to train the trial: the flags of the sweep that are its own, and the trial's."""
    others = {name: field.default for name, field in FIELDS.items() if "train" not in about(field).verbs}
    return dataclasses.replace(config, **others, model_dir=None, **flags)


def run_trials(
    configs: Sequence[Config],
    prepared: Callable[[Config], Prepared],
    objective: Objective,
    folds: int | None,
    costs: bool,
) -> Iterator[dict[int, Record]]:
    """Records by the position of their config, those of one group of trials after another.

    `costs` are asked for where modules or image sizes differ.
    """
    groups: dict[Config, list[int]] = {}
    for position, config in enumerate(configs):
        groups.setdefault(shared(config), []).append(position)
    for common, positions in groups.items():
        of_group = prepared(common)
        start = time.monotonic()
        found = _head_trials([configs[position] for position in positions], of_group, objective, folds)
        seconds = (time.monotonic() - start) / len(positions)
        cost = _cost(of_group.module) if costs else 0.0
        records = [record._replace(seconds=seconds, cost=cost) for record in found]
        yield dict(zip(positions, records, strict=True))


def shared(config: Config) -> Config:
    """The config without what concerns the head alone; trials of which it is equal share their features."""
    return dataclasses.replace(config, **{name: FIELDS[name].default for name in OF_A_HEAD})


@functools.cache
def _cost(module: ImageModule) -> float:
    """Operations for one image."""
    return float(count_float_operations(traced(module, IMAGE_FEATURE_VECTOR)))


def _head_trials(
    configs: Sequence[Config], prepared: Prepared, objective: Objective, folds: int | None
) -> list[Record]:
    records = []
    for config in configs:
        try:
            predicted = [
                _predicted(config, prepared, examples) for examples in _foldings(prepared, folds, config)
            ]
            records.append(_judged(config, predicted, objective))
        except InputError as error:  # it diverged
            records.append(_failed({}, str(error)))
    return records


class _Predicted(NamedTuple):
    """Of one task: the head as it predicts, labels, probabilities and losses of images it has not seen."""

    head: Head
    labels: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray


def _foldings(prepared: Prepared, folds: int | None, config: Config) -> list[pd.DataFrame]:
    """The examples with their splits, once, or once for each fold as the validation split."""
    examples = prepared.examples
    if folds is None:
        if not (examples["split"] == "validation").any():
            raise InputError(
                "A sweep ranks its trials by validation images, but there are none: give a "
                "--validation_percentage, or --folds=5."
            )
        return [examples]
    rows = np.flatnonzero(examples["split"] != "test")
    labels = examples[next(iter(prepared.heads))].fillna("").iloc[rows]
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=config.seed)
    foldings = []
    for _, held_out in splitter.split(rows, labels, examples["group"].iloc[rows]):
        split = examples["split"].to_numpy(object, copy=True)
        split[rows] = "train"
        split[rows[held_out]] = "validation"
        foldings.append(examples.assign(split=split))
    return foldings


def _predicted(config: Config, prepared: Prepared, examples: pd.DataFrame) -> dict[str, _Predicted]:
    """Trains the heads of a trial, and predicts the validation images."""
    predicted = {}
    for task, head in prepared.heads.items():
        splits = task_splits(examples, prepared.features, task, head)
        trained = train_task(task, head, splits, config, prepared.start)
        if "validation" in splits:
            _, labels, _ = held_out = splits["validation"]
            logits = tf.constant(held_out.features) @ trained.found.kernel + trained.found.bias
            losses = trained.head.loss(trained.head.targets(labels), logits / trained.head.temperature)
            probabilities = trained.head.probabilities(logits).numpy()
            predicted[task] = _Predicted(trained.head, labels, probabilities, losses.numpy())
    return predicted


def _judged(config: Config, foldings: Sequence[Mapping[str, _Predicted]], objective: Objective) -> Record:
    """The figures over all folds together."""
    heads = {task: of.head for task, of in foldings[0].items()}
    labels, probabilities = (
        {task: np.concatenate([getattr(fold[task], name) for fold in foldings]) for task in heads}
        for name in ("labels", "probabilities")
    )
    figures = figures_by_task(heads, labels, probabilities, task_weights(config, heads))
    value = figures.get(objective.key)
    if value is None or not math.isfinite(value):
        return _failed(figures, f"{objective.name} has no value")
    scores = np.concatenate([_scores(fold[objective.task], objective) for fold in foldings])
    return Record(float(value), _plain(figures), scores, 0.0)


def _failed(figures: Figures, reason: str) -> Record:
    return Record(None, _plain(figures), np.empty(0, np.float32), 0.0, reason=reason)


def _plain(figures: Figures) -> Figures:
    """Numbers and intervals: no matrices, no figures of single classes."""
    return {
        key: value for key, value in figures.items() if isinstance(value, int | float) or "_interval" in key
    }


def _scores(predicted: _Predicted, objective: Objective) -> np.ndarray:
    if objective.is_loss:
        return -predicted.losses
    guessed = predicted.head.encode(predicted.head.predicted(predicted.probabilities))
    agree = (guessed == predicted.labels) | np.isnan(predicted.labels.astype(np.float32))
    return agree.reshape(len(agree), -1).all(axis=1).astype(np.float32)
