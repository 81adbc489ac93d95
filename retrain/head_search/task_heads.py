"""Trains the head of each task on the same features, and decides on validation what it takes to predict."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain.commands.options import head_batch_size, training_steps
from retrain.examples.hash_split import SPLITS
from retrain.examples.table import TASK
from retrain.examples.task_examples import TaskExamples
from retrain.features.stored import Features
from retrain.head_search.recipe import FeatureScale, feature_scale, head_grid
from retrain.head_search.search import FoundHead, search_head
from retrain.head_search.trial import Start, Trial
from retrain.heads.head import Head, Labels
from retrain.settings.config import Config


class TaskHead(NamedTuple):
    """The head of a task, and the weights found for it."""

    head: Head
    found: FoundHead


class DecidedHead(NamedTuple):
    """A head as it predicts, and what was decided for it on validation, for metrics.json."""

    head: Head
    decisions: Mapping[str, Any]


def task_splits(examples: pd.DataFrame, features: Features, task: str, head: Head) -> dict[str, TaskExamples]:
    """Features, labels and weights of each split that has labels of the task."""
    labels = head.encode(examples[task])
    known = head.labelled(labels)
    given = examples["weight"] if "weight" in examples else np.ones(len(examples))
    weights = np.asarray(given, np.float32)
    splits = {}
    for name in SPLITS:
        at = np.flatnonzero((examples["split"] == name).to_numpy() & known)
        if len(at):
            splits[name] = TaskExamples(features[at], labels[at], weights[at])
    return splits


def trials_of(config: Config, scale: FeatureScale, steps: int) -> list[Trial]:
    """The grid of which a run takes the best."""
    return head_grid(
        scale,
        config.learning_rate,
        config.l2_regularizer,
        l1_regularizer=config.l1_regularizer,
        label_smoothing=config.label_smoothing or 0.0,
        class_weights=config.class_weights,
        dropout_rate=config.dropout_rate,
        steps=steps,
        batch_size=head_batch_size(config),
        seed=config.seed,
    )


def train_task(
    task: str, head: Head, splits: Mapping[str, TaskExamples], config: Config, start: Start | None
) -> TaskHead:
    """The best head of the grid."""
    labels = splits["train"].labels
    steps = training_steps(config, len(labels))
    return TaskHead(head, _search(_name(task), head, splits, steps, config, start))


def decide_task(task: str, head: Head, labels: Labels, logits: np.ndarray, calibrate: bool) -> DecidedHead:
    """What is decided on the images of validation, whose labels these are, and the head with it."""
    known = head.labelled(labels)
    labels, logits = labels[known], logits[known]
    if not len(labels):
        return DecidedHead(head, {})
    after = decided(head, labels, logits, calibrate)
    if not calibrate:
        return DecidedHead(after, after.settings())
    uncalibrated, calibrated = (_calibration_error(of, labels, logits) for of in (head, after))
    logging.info(
        "%s: calibrated at temperature %.3g; expected calibration error on validation %.3f, was %.3f.",
        *(_name(task), after.temperature, calibrated, uncalibrated),
    )
    decisions = {"temperature": after.temperature, **after.settings()}
    return DecidedHead(after, {**decisions, "expected_calibration_error_before": uncalibrated})


def decided(head: Head, labels: Labels, logits: np.ndarray, calibrate: bool) -> Head:
    """The head with its temperature, if asked for, and what predicts best on these examples."""
    calibrated = head.calibrated(labels, logits) if calibrate else head
    return calibrated.decided(labels, calibrated.probabilities(tf.constant(logits)).numpy())


def _name(task: str) -> str:
    return "Head" if task == TASK else f"Head of {task}"


def _calibration_error(head: Head, labels: Labels, logits: np.ndarray) -> float:
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    return head.metrics(labels, probabilities)["expected_calibration_error"]


def _search(
    name: str,
    head: Head,
    splits: Mapping[str, TaskExamples],
    steps: int,
    config: Config,
    start: Start | None,
) -> FoundHead:
    began = time.monotonic()
    trials = trials_of(config, feature_scale(splits["train"].features), steps)
    found = search_head(head, trials, splits["train"], splits.get("validation"), start)
    logging.info(
        "%s: the best of %d by %s (%.4g) has learning_rate=%.3g and l2_regularizer=%.3g; "
        "%d steps of %d images, %.1f s.",
        *(name, len(trials), found.criterion, found.loss),
        *(found.trial.learning_rate, found.trial.l2_regularizer),
        *(steps, head_batch_size(config), time.monotonic() - began),
    )
    return found
