"""The Common Signatures for Images: names, inputs and outputs.

Source: https://www.tensorflow.org/hub/common_signatures/images. A signature takes `images`, float32
[batch, height, width, 3] with RGB values in [0, 1], and gives a dictionary of outputs with the key
`default`: float32 [batch, num_features] for a feature vector, float32 [batch, num_classes] logits for
a classification.
"""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

IMAGE_FEATURE_VECTOR = "image_feature_vector"
IMAGE_CLASSIFICATION = "image_classification"
DEFAULT_SIGNATURE = "default"
SERVING_SIGNATURE = "serving_default"

IMAGES = "images"
DEFAULT_OUTPUT = "default"


class Signature(NamedTuple):
    """What one named function of a module takes and gives, by key."""

    inputs: Mapping[str, tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]


def task_signature(task: str, primary: bool) -> str:
    """The signature with the logits of a task: the primary one's has the name that everybody knows."""
    return IMAGE_CLASSIFICATION if primary else f"{IMAGE_CLASSIFICATION}/{task}"


def image_signature(image_size: tuple[int, int], outputs: Mapping[str, tf.TensorSpec]) -> Signature:
    """The signature of a module that expects RGB images of `image_size` = (height, width)."""
    return Signature({IMAGES: tf.TensorSpec([None, *image_size, 3], tf.float32, name=IMAGES)}, dict(outputs))
