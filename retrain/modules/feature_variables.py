"""What the features of a module are made of: one that is a classifier, too, has weights of its classes."""

from collections.abc import Sequence

import tensorflow as tf

from retrain.modules.image_module import ImageModule


def feature_variables(module: ImageModule, variables: Sequence[tf.Variable]) -> list[tf.Variable]:
    """Those of the module's variables that its features are made of in training; in their order.

    Its graph of features is traced for it, once more, and not run: a second or two of a large network.
    """
    read: set[int] = set()

    @tf.function(autograph=False)
    def features(images: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            module(images, training=True)
        read.update(map(id, tape.watched_variables()))

    if variables:
        features.get_concrete_function(tf.TensorSpec([None, *module.image_size, 3]))
    return [variable for variable in variables if id(variable) in read]
