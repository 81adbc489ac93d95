"""The batches of images that training on images takes, from the table of examples."""

import math
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import tensorflow as tf

from retrain.data.augmentation.levels import Augmentation
from retrain.data.pipeline import image_batches, training_batches
from retrain.heads.head import Head
from retrain.model import IMAGES, ImageClassifier

Heads = Mapping[str, Head]

EVALUATION_BATCH = 64
PIXEL = 3 * 4  # bytes
MEMORY = 2**29  # bytes of images of validation that are kept, so that looking at them does not decode them


def train_batches(
    image_dir: str,
    examples: pd.DataFrame,
    model: ImageClassifier,
    batch_size: int,
    augmentation: Augmentation,
    class_weights: str,
    seed: int,
    first_step: int,
) -> tf.data.Dataset:
    """(inputs, labels, weights by task) without end, from that of a step on."""
    of_train = examples[examples["split"] == "train"]
    labels = _labels(of_train, model.heads)
    return training_batches(
        image_paths(image_dir, of_train),
        labels,
        model.image_size,
        batch_size,
        seed,
        first_step,
        augmentation,
        _weights(of_train, model.heads, labels, class_weights),
    )


def validation_batches(image_dir: str, examples: pd.DataFrame, model: ImageClassifier) -> tf.data.Dataset:
    """(inputs, labels), every image of validation once; a second pass over the data set may be faster."""
    of_validation = examples[examples["split"] == "validation"]
    labels = tf.nest.map_structure(tf.constant, _labels(of_validation, model.heads))
    batches = image_batches(image_paths(image_dir, of_validation), model.image_size, EVALUATION_BATCH)
    if len(of_validation) * math.prod(model.image_size) * PIXEL <= MEMORY:
        batches = batches.cache()

    def labelled(rows: tf.Tensor, images: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        return {IMAGES: images}, {task: tf.gather(of_task, rows) for task, of_task in labels.items()}

    return batches.map(labelled)


def image_paths(image_dir: str, examples: pd.DataFrame) -> list[str]:
    """The files of the examples."""
    return [os.path.join(image_dir, path) for path in examples["path"]]


def _labels(examples: pd.DataFrame, heads: Heads) -> dict[str, np.ndarray]:
    return {task: head.encode(examples[task]) for task, head in heads.items()}


def _weights(
    examples: pd.DataFrame, heads: Heads, labels: Mapping[str, np.ndarray], class_weights: str
) -> dict[str, np.ndarray]:
    """By task: balanced, if asked for, zero where there is no label, and as the table of labels says."""
    given = examples["weight"].to_numpy(np.float32) if "weight" in examples else np.float32(1.0)
    return {task: head.example_weights(labels[task], class_weights) * given for task, head in heads.items()}
