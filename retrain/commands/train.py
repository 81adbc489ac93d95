"""`python -m retrain`: a folder of images becomes a classifier. The whole story, in one function."""

import functools
import os
import time
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain import extensions
from retrain.commands.inputs import Inputs
from retrain.commands.prepared import Prepared, prepare
from retrain.commands.task_flags import task_weights
from retrain.commands.task_heads import TaskHead, task_splits, train_task
from retrain.commands.tasks import Heads
from retrain.config import Config, to_flags, to_json
from retrain.data.examples import TASK
from retrain.data.split import SPLITS
from retrain.export import EXPORTERS
from retrain.model import FEATURES, ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.report.prediction_page import write_prediction_page
from retrain.report.run_files import (
    labelled_predictions,
    write_labels,
    write_metrics,
    write_predictions,
    write_settings,
    write_skipped,
)
from retrain.report.summary import training_summary
from retrain.training.estimator import Estimator
from retrain.training.evaluation import Figures
from retrain.training.summaries import write_scalars


def train(config: Config, inputs: Inputs) -> None:
    """Features once, the best head of a small grid, figures on images it has not seen, and exports."""
    run, listing = inputs.run_directory, inputs.listing
    figures, exports = train_classifier(config, prepare(config, listing), listing.image_dir, run)
    print(training_summary(figures, run, exports))


def train_classifier(
    config: Config, prepared: Prepared, image_dir: str, run: str
) -> tuple[dict[str, Figures], list[str]]:
    """Writes all that a run leaves behind to the directory `run`; the figures by split, and the exports."""
    module, heads, examples, features, skipped, start = prepared
    trained = {
        task: train_task(task, head, task_splits(examples, features, task, head), config, start)
        for task, head in heads.items()
    }
    model = _classifier(module, trained, config.dropout_rate)

    write_settings(run, to_json(config), to_flags(config, "train"))
    write_labels(run, model.heads)
    write_skipped(run, skipped)
    write_scalars(run, _readings(trained))
    estimator = Estimator(model, run, seed=config.seed, task_weights=task_weights(config, heads))
    global_step = max(task_head.steps for task_head in trained.values())
    estimator.save_checkpoint(global_step)
    figures = {
        name: estimator.evaluate(functools.partial(_batches, examples, features, model.heads, name), name)
        for name in SPLITS[1:]
        if (examples["split"] == name).any()
    }
    probabilities = _probabilities(model, features)
    write_predictions(run, examples, model.heads, probabilities)
    _write_page(run, examples, model, probabilities, image_dir)
    exports = [_export(name, model, run) for name in config.export_formats]
    write_metrics(run, _with_decisions(figures, trained), global_step)
    return figures, exports


def _classifier(module: ImageModule, trained: Mapping[str, TaskHead], dropout_rate: float) -> ImageClassifier:
    model = ImageClassifier(module, {task: of.head for task, of in trained.items()}, dropout_rate)
    for task, of_task in trained.items():
        model.kernels[task].assign(of_task.found.kernel)
        model.biases[task].assign(of_task.found.bias)
    return model


def _readings(trained: Mapping[str, TaskHead]) -> dict[int, dict[str, float]]:
    """Losses by step, with the task in their name where there are several."""
    readings: dict[int, dict[str, float]] = {}
    for task, of_task in trained.items():
        for step, losses in of_task.found.readings.items():
            named = {key + _suffix(task, trained): loss for key, loss in losses.items()}
            readings.setdefault(step, {}).update(named)
    return readings


def _with_decisions(figures: Mapping[str, Figures], trained: Mapping[str, TaskHead]) -> dict[str, Figures]:
    """The figures of validation tell also what was decided there."""
    decided: Figures = {}
    for task, of_task in trained.items():
        decided |= {key + _suffix(task, trained): value for key, value in of_task.decisions.items()}
    return {name: {**of, **decided} if name == "validation" else of for name, of in figures.items()}


def _suffix(task: str, tasks: Collection[str]) -> str:
    return f"/{task}" if len(tasks) > 1 else ""


def _batches(examples: pd.DataFrame, features: np.ndarray, heads: Heads, split: str) -> tf.data.Dataset:
    """The whole split in one batch: features are small."""
    at = np.flatnonzero(examples["split"] == split)
    labels = {task: head.encode(examples[task].iloc[at]) for task, head in heads.items()}
    return tf.data.Dataset.from_tensors(({FEATURES: features[at]}, labels))


def _probabilities(model: ImageClassifier, features: np.ndarray) -> dict[str, np.ndarray]:
    logits = model.logits(tf.constant(features))
    return {task: head.probabilities(logits[task]).numpy() for task, head in model.heads.items()}


def _write_page(
    run: str,
    examples: pd.DataFrame,
    model: ImageClassifier,
    probabilities: Mapping[str, np.ndarray],
    image_dir: str,
) -> None:
    """The page is of the primary task, and of the images that have a label of it."""
    task = model.primary_task
    columns = labelled_predictions(examples, task, model.heads[task], probabilities[task], named=False)
    table = pd.DataFrame({"path": examples["path"], **columns, "split": examples["split"]})
    known = table[table[task].notna()].rename(columns={task: TASK})
    write_prediction_page(os.path.join(run, "predictions.png"), known, image_dir)


def _export(name: str, model: ImageClassifier, run: str) -> str:
    start, directory = time.monotonic(), os.path.join(run, "export", name)
    extensions.load(EXPORTERS, name, "export format")(model, directory)
    logging.info("Exported %s in %.1f s.", name, time.monotonic() - start)
    return directory
