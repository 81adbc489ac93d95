"""What a trained model leaves in its run's directory, figures, predictions and exports."""

import os
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain import extensions
from retrain.commands.task_flags import task_weights
from retrain.commands.train.label_issues import label_issues
from retrain.commands.train.prepared import Prepared
from retrain.examples.hash_split import SPLITS
from retrain.examples.table import TASK
from retrain.examples.tasks import Heads
from retrain.export import EXPORTERS
from retrain.features.stored import Features, blocks
from retrain.head_search.task_heads import DecidedHead, TaskHead, decide_task
from retrain.model import ImageClassifier
from retrain.report.label_issues import write_label_issues
from retrain.report.prediction_page import write_prediction_page
from retrain.report.run_files import labelled_predictions, write_metrics, write_predictions
from retrain.settings.config import Config
from retrain.training.evaluation import ByTask, Figures, figures_by_task
from retrain.training.summaries import write_figures


class TrainedModel(NamedTuple):
    """A model as it was trained.

    Attributes:
      found: the heads that were found for the module as it was, with which it began.
      features: float32 [N, F], what it gives for the examples.
      global_step: the step it is of.
    """

    model: ImageClassifier
    found: Mapping[str, TaskHead]
    features: Features
    global_step: int


def write_results(
    config: Config, run: str, image_dir: str, prepared: Prepared, trained: TrainedModel
) -> tuple[dict[str, Figures], list[str]]:
    """Decides on validation what it takes to predict, and writes what follows from the model's features.

    Returns the figures by split, and the directories of the exports.
    """
    examples, heads, (model, found, features, global_step) = prepared.examples, prepared.heads, trained
    labels = {task: head.encode(examples[task]) for task, head in heads.items()}
    logits = _logits(model, features)
    held_out = np.flatnonzero(examples["split"] == "validation")
    decided = {
        task: decide_task(task, head, labels[task][held_out], logits[task][held_out], config.calibrate)
        for task, head in heads.items()
    }
    model = model.with_heads({task: of_task.head for task, of_task in decided.items()})
    probabilities = {
        task: head.probabilities(tf.constant(logits[task])).numpy() for task, head in model.heads.items()
    }
    weights = task_weights(config, heads)
    figures = _figures_by_split(examples, model.heads, labels, probabilities, weights)
    for split, of_split in figures.items():
        write_figures(os.path.join(run, f"eval_{split}"), global_step, of_split)
    write_predictions(run, examples, model.heads, probabilities)
    _write_page(run, examples, model, probabilities, image_dir)
    # By the features of the module as it was: a base that was trained on a label believes it.
    write_label_issues(run, label_issues(examples, prepared.features, found))
    exports = [_export(name, model, run) for name in config.export_formats]
    write_metrics(run, _with_decisions(figures, decided), global_step)
    return figures, exports


def _logits(model: ImageClassifier, features: Features) -> ByTask:
    parts = [model.logits(tf.constant(block)) for block in blocks(features)]
    return {task: np.concatenate([part[task].numpy() for part in parts]) for task in model.heads}


def task_suffix(task: str, tasks: Collection[str]) -> str:
    """What is added to the name of a figure where there are several tasks."""
    return f"/{task}" if len(tasks) > 1 else ""


def _figures_by_split(
    examples: pd.DataFrame, heads: Heads, labels: ByTask, probabilities: ByTask, weights: Mapping[str, float]
) -> dict[str, Figures]:
    """Of the splits that were not trained on, where they have images."""
    figures = {}
    for split in SPLITS[1:]:
        rows = np.flatnonzero(examples["split"] == split)
        if len(rows):
            of_split = [{task: of[rows] for task, of in values.items()} for values in (labels, probabilities)]
            figures[split] = figures_by_task(heads, *of_split, weights)
    return figures


def _with_decisions(figures: Mapping[str, Figures], decided: Mapping[str, DecidedHead]) -> dict[str, Figures]:
    """The figures of validation tell also what was decided there."""
    decisions: Figures = {}
    for task, of_task in decided.items():
        decisions |= {key + task_suffix(task, decided): value for key, value in of_task.decisions.items()}
    return {name: {**of, **decisions} if name == "validation" else of for name, of in figures.items()}


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
