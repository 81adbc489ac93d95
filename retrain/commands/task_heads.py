"""Trains the head of each task on the same features, and decides on validation what it takes to predict."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain.commands.options import head_batch_size, training_steps
from retrain.config import Config
from retrain.data.examples import TASK
from retrain.data.split import SPLITS
from retrain.heads.head import Head, Labels
from retrain.training.head_search import FoundHead, search_head
from retrain.training.head_trials import Schedule, Split, Start
from retrain.training.recipe import head_grid


class TaskHead(NamedTuple):
    """A head as its loss is trained with, its weights, and the steps that these took."""

    head: Head
    found: FoundHead
    steps: int


class DecidedHead(NamedTuple):
    """A head as it predicts, and what was decided for it on validation, for metrics.json."""

    head: Head
    decisions: Mapping[str, Any]


def task_splits(
    examples: pd.DataFrame, features: np.ndarray, task: str, head: Head, class_weights: str
) -> dict[str, Split]:
    """Features, labels and weights of each split that has labels of the task."""
    labels = head.encode(examples[task])
    known = head.labelled(labels)
    given = examples["weight"].to_numpy(np.float32) if "weight" in examples else None
    splits = {}
    for name in SPLITS:
        at = np.flatnonzero((examples["split"] == name).to_numpy() & known)
        if len(at):
            weights = head.example_weights(labels[at], class_weights)
            splits[name] = Split(features[at], labels[at], weights if given is None else weights * given[at])
    return splits


def train_task(
    task: str, head: Head, splits: Mapping[str, Split], config: Config, start: Start | None
) -> TaskHead:
    """The best head of the grid."""
    labels = splits["train"].labels
    steps = training_steps(config, len(labels))
    schedule = Schedule(steps, head_batch_size(config), config.dropout_rate, config.seed)
    trained_on = head.trained_on(labels, config.class_weights)
    return TaskHead(trained_on, _search(_name(task), trained_on, splits, schedule, config, start), steps)


def decide_task(task: str, head: Head, labels: Labels, logits: np.ndarray, calibrate: bool) -> DecidedHead:
    """The head with its temperature, if asked for, and what it decides; `labels` are those of validation."""
    known = head.labelled(labels)
    labels, logits = labels[known], logits[known]
    if not len(labels):
        return DecidedHead(head, {})
    calibrated = head.calibrated(labels, logits) if calibrate else head
    decided = calibrated.decided(labels, calibrated.probabilities(tf.constant(logits)).numpy())
    if not calibrate:
        return DecidedHead(decided, dict(decided.settings()))
    before, after = (_calibration_error(of, labels, logits) for of in (head, calibrated))
    logging.info(
        "%s: calibrated at temperature %.3g; expected calibration error on validation %.3f, was %.3f.",
        *(_name(task), calibrated.temperature, after, before),
    )
    decisions = {"temperature": calibrated.temperature, **decided.settings()}
    return DecidedHead(decided, {**decisions, "expected_calibration_error_before": before})


def _name(task: str) -> str:
    return "Head" if task == TASK else f"Head of {task}"


def _calibration_error(head: Head, labels: Labels, logits: np.ndarray) -> float:
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    return head.metrics(labels, probabilities)["expected_calibration_error"]


def _search(
    name: str,
    head: Head,
    splits: Mapping[str, Split],
    schedule: Schedule,
    config: Config,
    start: Start | None,
) -> FoundHead:
    began = time.monotonic()
    trials = head_grid(
        splits["train"].features,
        config.learning_rate,
        config.l2_regularizer,
        config.l1_regularizer,
        config.label_smoothing or 0.0,
    )
    found = search_head(head, trials, schedule, splits["train"], splits.get("validation"), start)
    logging.info(
        "%s: the best of %d by %s (%.4g) has learning_rate=%.3g and l2_regularizer=%.3g; "
        "%d steps of %d images, %.1f s.",
        *(name, len(trials), found.criterion, found.loss),
        *(found.trial.learning_rate, found.trial.l2_regularizer),
        *(schedule.steps, schedule.batch_size, time.monotonic() - began),
    )
    return found
