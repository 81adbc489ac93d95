"""The batches of images that training on images takes, from examples that carry their labels.

(inputs, labels, weights by task) for training, (inputs, labels) for validation, as the Estimator takes them.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from retrain.data.images import IMAGES
from retrain.data.pipeline import TrainingImages, image_batches, training_batches
from retrain.examples.labelled import LabelledExamples
from retrain.heads.head import Labels
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.pixels import PixelSettings

EVALUATION_BATCH = 64
PIXEL = 3 * 4  # bytes
MEMORY = 2**29  # bytes of images of validation that are kept, so that a second pass does not decode them


def train_batches(
    examples: LabelledExamples,
    image_size: tuple[int, int],
    pixels: PixelSettings,
    augmentation: AugmentationSettings,
    part: slice | None = None,
) -> Callable[..., tf.data.Dataset]:
    """An input function of the step to begin at: batches of the examples without end, or these rows of each.

    Both settings have all values filled in.
    """
    images = TrainingImages(
        paths=examples.files,
        size=image_size,
        labels=_labels(examples),
        weights=_weights(examples, pixels.class_weights),
        decoding=examples.decoding,
    )
    return functools.partial(
        training_batches, images, pixels.batch_size, pixels.seed, augmentation, part=part
    )


def validation_batches(examples: LabelledExamples, image_size: tuple[int, int]) -> tf.data.Dataset:
    """Every example once; a second pass over the data set may be faster."""
    labels = tf.nest.map_structure(tf.constant, _labels(examples))
    batches = image_batches(examples.files, image_size, EVALUATION_BATCH, examples.decoding)
    if len(examples.files) * math.prod(image_size) * PIXEL <= MEMORY:
        batches = batches.cache()

    def labelled(rows: tf.Tensor, images: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        return {IMAGES: images}, {task: tf.gather(of_task, rows) for task, of_task in labels.items()}

    return batches.map(labelled)


def _labels(examples: LabelledExamples) -> dict[str, Labels]:
    return {name: task.labels for name, task in examples.tasks.items()}


def _weights(examples: LabelledExamples, class_weights: str) -> dict[str, np.ndarray]:
    """By task: balanced, if asked for, zero where there is no label, and as the table of labels says."""
    given = examples.table["weight"].to_numpy(np.float32)
    return {
        name: task.head.example_weights(task.labels, class_weights) * given
        for name, task in examples.tasks.items()
    }
