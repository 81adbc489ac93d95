"""The publisher's own head of a module: the dense layer from its image feature vector to its class logits.

It is looked for among the module's variables, by shape, and believed only when it reproduces the logits. What
the classes are called is left to others.
"""

import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR

IMAGES = 8
TOLERANCE = 1e-4  # of the largest logit


class PublisherHead(NamedTuple):
    """logits [B, C] = features [B, F] @ kernel [F, C] + bias [C]."""

    kernel: np.ndarray
    bias: np.ndarray


def find_publisher_head(module: ImageModule, signature: str = IMAGE_CLASSIFICATION) -> PublisherHead | None:
    """The head from the features to the logits of a signature, or None where there is no such dense layer."""
    if not {IMAGE_FEATURE_VECTOR, signature} <= set(module.signatures):
        return None
    images = _images(module.image_size)
    features = module.output(images, IMAGE_FEATURE_VECTOR).numpy()
    logits = module.output(images, signature).numpy()
    tolerance = TOLERANCE * np.abs(logits).max()
    for kernel, bias in itertools.product(_kernels(module, signature), _biases(module, signature)):
        if np.abs(features @ kernel + bias - logits).max() <= tolerance:
            return PublisherHead(kernel, bias)
    return None


def _images(image_size: tuple[int, int]) -> tf.Tensor:
    """Noise, from dark to bright, so that the features of no two images are alike."""
    noise = np.random.default_rng(0).random([IMAGES, *image_size, 3], np.float32)
    return tf.constant(noise * np.linspace(0.1, 1.0, IMAGES, dtype=np.float32)[:, None, None, None])


def _kernels(module: ImageModule, signature: str) -> list[np.ndarray]:
    """Variables that map features to logits by their shape; 1 x 1 convolutions among them."""
    shape = (module.num_features, module.num_outputs(signature))
    found = [variable for variable in module.variables if _squeezed(variable) == shape]
    return [np.reshape(variable.numpy(), shape) for variable in found]


def _biases(module: ImageModule, signature: str) -> list[np.ndarray]:
    """Variables that can be added to logits; none at all is possible, too."""
    shape = (module.num_outputs(signature),)
    found = [variable.numpy() for variable in module.variables if tuple(variable.shape) == shape]
    return [*found, np.zeros(shape, np.float32)]


def _squeezed(variable: tf.Variable) -> tuple[int, ...]:
    """The shape without what a 1 x 1 convolution has before its channels."""
    return tuple(variable.shape)[-2:] if set(variable.shape[:-2]) <= {1} else tuple(variable.shape)
