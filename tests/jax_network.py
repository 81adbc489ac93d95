"""A network of JAX, and the SavedModel that jax2tf makes of it: python -m tests.jax_network DIRECTORY."""

import sys

import jax
import numpy as np
import tensorflow as tf
from jax.experimental import jax2tf

SIDE, CHANNELS = 16, 5
PARAMETERS = {
    "kernel": np.random.default_rng(0).normal(size=(3, 3, 3, CHANNELS)).astype(np.float32),
    "bias": np.linspace(-1, 1, CHANNELS, dtype=np.float32),
}


def network(parameters, images):
    """A convolution and an average."""
    numbers = ("NHWC", "HWIO", "NHWC")
    places = jax.lax.conv_general_dilated(
        images, parameters["kernel"], (2, 2), "SAME", dimension_numbers=numbers
    )
    return jax.numpy.tanh(places + parameters["bias"]).mean((1, 2))


def save(path: str) -> None:
    """In a process of its own: gradients of JAX that are known to one are not saved with what it loads."""
    root = tf.train.Checkpoint()
    root.parameters = {name: tf.Variable(value, name=name) for name, value in PARAMETERS.items()}
    root.variables = root.trainable_variables = list(root.parameters.values())
    converted = jax2tf.convert(network, polymorphic_shapes=[None, "(b, ...)"], with_gradient=True)
    root.__call__ = tf.function(
        lambda images, training=False: converted(dict(root.parameters), images), autograph=False
    )
    for training in (False, True):
        spec = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)
        root.__call__.get_concrete_function(spec, training=training)
    tf.saved_model.save(root, path)


if __name__ == "__main__":
    save(sys.argv[1])
