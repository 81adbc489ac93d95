"""`python -m retrain`: a folder of images becomes a classifier. The whole story, in one function."""

import functools
import os
import time

import numpy as np
import pandas as pd
import tensorflow as tf
from absl import logging

from retrain import extensions
from retrain.commands.image_features import image_features
from retrain.commands.inputs import Inputs
from retrain.commands.options import feature_cache_directory, module_options, training_steps
from retrain.commands.training_examples import examples_without_leaks, split_examples
from retrain.commands.warm_start import warm_start
from retrain.config import Config, to_flags, to_json
from retrain.data.examples import TASK
from retrain.data.split import SPLITS
from retrain.export import EXPORTERS
from retrain.heads import HEADS
from retrain.heads.head import Head
from retrain.model import FEATURES, ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.report.prediction_page import write_prediction_page
from retrain.report.run_files import (
    write_labels,
    write_metrics,
    write_predictions,
    write_settings,
    write_skipped,
)
from retrain.report.summary import training_summary
from retrain.training.estimator import Estimator
from retrain.training.head_search import FoundHead, search_head
from retrain.training.head_trials import Schedule, Split, Start
from retrain.training.recipe import head_grid
from retrain.training.summaries import write_scalars

HEAD = "softmax"


def train(config: Config, inputs: Inputs) -> None:
    """Features once, the best head of a small grid, figures on images it has not seen, and exports."""
    run = inputs.run_directory
    module = load_module(config.tfhub_module, module_options(config))
    logging.info(
        "%s takes images of %d x %d pixels and gives %d features.",
        *(module.handle, *module.image_size, module.num_features),
    )
    examples, leaks = examples_without_leaks(inputs.listing)
    examples, features, skipped = image_features(
        examples,
        inputs.listing.image_dir,
        module,
        IMAGE_FEATURE_VECTOR,
        feature_cache_directory(config),
        config.feature_engine,
        config.max_skipped_percentage,
    )
    examples = split_examples(examples, inputs.listing, config)
    head = extensions.load(HEADS, HEAD, "head")(inputs.listing.class_names)
    splits = _splits(examples, features, head, config.class_weights)
    schedule = _schedule(config, len(splits["train"].labels))
    start = warm_start(module, head.class_names, config.label_map) if config.warm_start_head else None
    found = _search(head, splits, schedule, config, start)
    model = _classifier(module, head, found, config.dropout_rate)

    write_settings(run, to_json(config), to_flags(config, "train"))
    write_labels(run, head.class_names)
    write_skipped(run, pd.concat([skipped, leaks]))
    write_scalars(run, found.readings)
    estimator = Estimator(model, run, seed=config.seed)
    estimator.save_checkpoint(schedule.steps)
    figures = {
        name: estimator.evaluate(functools.partial(_batches, split), name)
        for name, split in splits.items()
        if name != "train"
    }
    predictions = write_predictions(run, examples, head, _probabilities(model, features))
    write_prediction_page(os.path.join(run, "predictions.png"), predictions, inputs.listing.image_dir)
    exports = [_export(name, model, run) for name in config.export_formats]
    write_metrics(run, figures, schedule.steps)
    print(training_summary(figures, run, exports))


def _splits(examples: pd.DataFrame, features: np.ndarray, head: Head, class_weights: str) -> dict[str, Split]:
    """Features, labels and weights of each split that there is."""
    labels = head.encode(examples[TASK])
    rows = {name: np.flatnonzero(examples["split"] == name) for name in SPLITS}
    return {
        name: Split(features[at], labels[at], head.example_weights(labels[at], class_weights))
        for name, at in rows.items()
        if len(at)
    }


def _schedule(config: Config, count: int) -> Schedule:
    return Schedule(training_steps(config, count), config.batch_size, config.dropout_rate, config.seed)


def _search(
    head: Head, splits: dict[str, Split], schedule: Schedule, config: Config, start: Start | None
) -> FoundHead:
    began = time.monotonic()
    trials = head_grid(
        splits["train"].features,
        config.learning_rate,
        config.l2_regularizer,
        config.l1_regularizer,
        config.label_smoothing,
    )
    found = search_head(head, trials, schedule, splits["train"], splits.get("validation"), start)
    logging.info(
        "Head: the best of %d by %s (%.4g) has learning_rate=%.3g and l2_regularizer=%.3g; "
        "%d steps of %d images, %.1f s.",
        *(len(trials), found.criterion, found.loss),
        *(found.trial.learning_rate, found.trial.l2_regularizer),
        *(schedule.steps, schedule.batch_size, time.monotonic() - began),
    )
    return found


def _classifier(module: ImageModule, head: Head, found: FoundHead, dropout_rate: float) -> ImageClassifier:
    model = ImageClassifier(module, {TASK: head}, dropout_rate)
    model.kernels[TASK].assign(found.kernel)
    model.biases[TASK].assign(found.bias)
    return model


def _batches(split: Split) -> tf.data.Dataset:
    """The whole split in one batch: features are small."""
    return tf.data.Dataset.from_tensors(({FEATURES: split.features}, {TASK: split.labels}))


def _probabilities(model: ImageClassifier, features: np.ndarray) -> np.ndarray:
    return model.heads[TASK].probabilities(model.logits(tf.constant(features))[TASK]).numpy()


def _export(name: str, model: ImageClassifier, run: str) -> str:
    start, directory = time.monotonic(), os.path.join(run, "export", name)
    extensions.load(EXPORTERS, name, "export format")(model, directory)
    logging.info("Exported %s in %.1f s.", name, time.monotonic() - start)
    return directory
