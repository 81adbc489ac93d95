import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.graphs.mixed_precision import use_float32
from retrain.modules.loading import load_module
from tests import tiny_tf1_hub


def convolution(images: tf.Tensor, scale: tf.Variable) -> tf.Tensor:
    """0 for every image, by way of a convolution and a product that are not."""
    ones = tf.ones([1, 1, 3, 3])
    mean = tf.reduce_mean(tf.nn.conv2d(images, ones, 1, "SAME"), axis=[1, 2])
    return mean / 3 - tf.matmul(mean, tf.ones([3, 3])) / 9


def tf1_hub(directory: pathlib.Path) -> str:
    return tiny_tf1_hub.averaging_module(directory / "module", extra=convolution)


def keras_file(directory: pathlib.Path) -> str:
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 3, kernel_initializer="ones")])
    model = keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.GlobalAveragePooling2D()])
    model.save(directory / "model.keras")
    return str(directory / "model.keras")


@pytest.mark.parametrize("make", [tf1_hub, keras_file])
def test_features_are_float32_and_nearly_the_same(make, tmp_path):
    handle = make(tmp_path)
    modules = [load_module(handle, bfloat16=bfloat16) for bfloat16 in (False, True)]
    images = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)
    exact, rounded = (module(tf.constant(images)) for module in modules)
    assert rounded.dtype == tf.float32
    np.testing.assert_allclose(exact, rounded, rtol=0.02, atol=0.02)
    assert not np.array_equal(exact, rounded)


@pytest.mark.parametrize("make", [tf1_hub, keras_file])
def test_variables_and_their_gradients_stay_float32(make, tmp_path):
    module = load_module(make(tmp_path), bfloat16=True)
    variables = module.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(tf.ones([2, 8, 8, 3]), training=True))
    gradients = tape.gradient(loss, variables)
    assert {value.dtype for value in (*variables, *gradients)} == {tf.float32}
    assert all(np.any(gradient) for gradient in gradients)


def test_a_file_of_mixed_precision_is_computed_in_float32(tmp_path):
    images, pixels = keras.Input((8, 8, 3)), np.random.default_rng(0).random([2, 8, 8, 3], np.float32)
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, dtype="mixed_float16")])
    model = keras.Model(images, keras.layers.GlobalAveragePooling2D(dtype="mixed_float16")(inner(images)))
    model.save(tmp_path / "mixed.keras")
    weights = model.get_weights()
    module = load_module(str(tmp_path / "mixed.keras"))
    expected = tf.nn.conv2d(pixels, weights[0], 1, "VALID").numpy().mean(axis=(1, 2)) + weights[1]
    np.testing.assert_allclose(module(pixels), expected, rtol=1e-5, atol=1e-6)
    assert not use_float32(keras.Sequential([keras.layers.Dense(2)]))
