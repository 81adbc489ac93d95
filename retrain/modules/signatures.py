"""The Common Signatures for Images: names, inputs and outputs.

Source: https://www.tensorflow.org/hub/common_signatures/images. A signature takes `images`, float32
[batch, height, width, 3] with RGB values in [0, 1], and gives a dictionary of outputs with the key
`default`: float32 [batch, num_features] for a feature vector, float32 [batch, num_classes] logits for
a classification.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.errors import InputError

IMAGE_FEATURE_VECTOR = "image_feature_vector"
IMAGE_CLASSIFICATION = "image_classification"
DEFAULT_SIGNATURE = "default"
SERVING_SIGNATURE = "serving_default"
SERVING_BYTES = "serving_bytes"  # the same of the files of images
SERVING_IMAGES = "serving_images"  # what serving_default is, where that is serving_bytes

IMAGES = "images"
DEFAULT_OUTPUT = "default"


class Signature(NamedTuple):
    """What one named function of a module takes and gives, by key."""

    inputs: Mapping[str, tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]


def task_signature(task: str, primary: bool) -> str:
    """The signature with the logits of a task: the primary one's has the name that everybody knows."""
    return IMAGE_CLASSIFICATION if primary else f"{IMAGE_CLASSIFICATION}/{task}"


def takes_images(inputs: Sequence[Any]) -> bool:
    """Whether the one input is float32 [None, height, width, 3], as far as its shape is known."""
    return (
        len(inputs) == 1
        and isinstance(inputs[0], tf.TensorSpec)
        and inputs[0].dtype == tf.float32
        and inputs[0].shape.is_compatible_with([None, None, None, 3])
        # Compatible is also what demands one batch size.
        and (inputs[0].shape.rank is None or inputs[0].shape.as_list()[0] is None)
    )


def takes_no_images(handle: str, signatures: Iterable[Sequence[Any]]) -> InputError:
    """What to say when no signature, each given by its inputs, takes images."""
    listed = ", ".join(sorted({" with ".join(map(_described, inputs)) for inputs in signatures}))
    return InputError(
        f"{handle!r} takes {listed or 'nothing'}, and an image module takes RGB images in batches of any "
        f"size, float32 [None, height, width, 3]: use a module made for these."
    )


def _described(argument: Any) -> str:
    if isinstance(argument, tf.TensorSpec):
        shape = "of any shape" if argument.shape.rank is None else argument.shape.as_list()
        return f"{argument.dtype.name} {shape}"
    return "no images" if argument is None else f"a {type(argument).__name__}"


def image_signature(image_size: tuple[int, int], outputs: Mapping[str, tf.TensorSpec]) -> Signature:
    """The signature of a module that expects RGB images of `image_size` = (height, width)."""
    return Signature({IMAGES: tf.TensorSpec([None, *image_size, 3], tf.float32, name=IMAGES)}, dict(outputs))
