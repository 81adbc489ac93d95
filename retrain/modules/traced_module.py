"""A module whose features are traced once for inference and once for training, whatever is made of them.

To trace a large network takes a second, and a Keras model several: each export would do it again.
"""

import functools
from typing import Any

import tensorflow as tf

from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, IMAGES
from retrain.modules.wrapped_module import WrappedModule


class TracedModule(WrappedModule):
    """The module; eagerly its features are computed by a graph."""

    def __init__(self, module: ImageModule):
        super().__init__(module)
        # Not a dict, which tf.Module would track, and save with all that is in it.
        self._traced = functools.cache(functools.partial(_traced, module))

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        # A graph for so many images, as TFLite has it, has no shapes that depend on how many there are.
        is_fixed = not tf.executing_eagerly() and images.shape[0] is not None
        if signature != IMAGE_FEATURE_VECTOR or is_fixed:
            return self.module.outputs(images, signature, training)
        return self._traced(bool(training))(images)


def _traced(module: ImageModule, training: bool) -> Any:
    images = tf.TensorSpec([None, *module.image_size, 3], tf.float32, name=IMAGES)

    @tf.function(input_signature=[images], autograph=False)
    def features(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return module.outputs(images, IMAGE_FEATURE_VECTOR, training)

    return features.get_concrete_function()
