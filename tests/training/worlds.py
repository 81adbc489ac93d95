"""Classifiers of colours, and the examples to train them on, for the tests of the Estimator and its parts."""

import numpy as np
import tensorflow as tf

from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.settings.pixels import PixelSettings
from retrain.settings.values import Quantity

NAMES = ("blue", "green", "red")
COUNT = 12
LABELS = (np.arange(COUNT) % 3).astype(np.int32)
# Flat images of 8 x 8 pixels; class 0 is the blue one.
COLOURS = (np.eye(3)[2 - LABELS] * 0.5 + 0.4 * np.random.default_rng(0).random([COUNT, 3])).astype(np.float32)
PIXELS = np.ascontiguousarray(np.broadcast_to(COLOURS[:, None, None], [COUNT, 8, 8, 3]))


def classifier(module: ImageModule, dropout_rate: float = 0.0, train_base: bool = False) -> ImageClassifier:
    return ImageClassifier(module, {"label": SoftmaxHead(NAMES)}, dropout_rate, train_base)


def filled(**given) -> PixelSettings:
    """Settings of a training on pixels with all values filled in; those given, instead."""
    plain = {
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "max_steps": 12,
        "batch_size": 4,
        "label_smoothing": 0.0,
        "l2_regularizer": 0.0,
        "base_learning_rate_factor": 1.0,
        "weight_decay": 0.0,
        "warmup_steps": Quantity(2),
        "eval_every": Quantity(4),
    }
    return PixelSettings(**(plain | given))


def feature_batches(batch_size: int = 4, count: int = COUNT) -> tf.data.Dataset:
    """Once through the examples, as features, which the averaging module would give for the images."""
    examples = ({"features": COLOURS[:count]}, {"label": LABELS[:count]})
    return tf.data.Dataset.from_tensor_slices(examples).batch(batch_size)


def image_batches(batch_size: int = 4) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(({"images": PIXELS}, {"label": LABELS})).batch(batch_size)


def endless(batch_size: int = 4) -> tf.data.Dataset:
    return feature_batches(batch_size).repeat()


def endless_images(batch_size: int = 4) -> tf.data.Dataset:
    return image_batches(batch_size).repeat()


def positioned(first_step: int) -> tf.data.Dataset:
    """The batches of `endless`, from that of a step on."""
    examples = feature_batches(1).repeat().skip(4 * first_step)
    return examples.unbatch().batch(4)


def weights(model: ImageClassifier) -> list[np.ndarray]:
    return [variable.numpy() for variable in model.variables]


def equal(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
