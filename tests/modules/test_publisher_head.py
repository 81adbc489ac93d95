import pathlib

import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.loading import load_module
from retrain.modules.publisher_head import find_publisher_head
from tests import tiny_worlds

SHARED = pathlib.Path(__file__).parents[3] / "shared" / "modules"
KERNEL = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
BIAS = np.asarray([1, -2, 0.5, 0], np.float32)


def classifier(
    directory: pathlib.Path, kernel: tf.Variable, bias: tf.Variable | None, scale: float = 1.0
) -> str:
    """A module whose features are the mean RGB; its logits are `scale` times what the weights make of it."""
    images = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    decoys = [tf.Variable(tf.zeros([3, 4])), tf.Variable(tf.ones([4]))]
    module = tf.train.Checkpoint(weights=[kernel] + ([] if bias is None else [bias]), decoys=decoys)

    def features(images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(images, axis=[1, 2])

    def logits(images: tf.Tensor) -> tf.Tensor:
        return scale * (features(images) @ tf.reshape(kernel, [3, 4]) + (0.0 if bias is None else bias))

    module.image_feature_vector = tf.function(features, input_signature=[images])
    module.image_classification = tf.function(logits, input_signature=[images])
    module.variables = [*decoys, *module.weights]
    tf.saved_model.save(module, str(directory))
    return str(directory)


@pytest.mark.parametrize("shape", [(3, 4), (1, 1, 3, 4)])
def test_a_dense_layer_and_a_convolution_of_one_pixel(tmp_path, shape):
    handle = classifier(tmp_path / "module", tf.Variable(tf.reshape(KERNEL, shape)), tf.Variable(BIAS))
    kernel, bias = find_publisher_head(load_module(handle))
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS)


def test_without_a_bias(tmp_path):
    handle = classifier(tmp_path / "module", tf.Variable(KERNEL), None)
    kernel, bias = find_publisher_head(load_module(handle))
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, np.zeros(4))


def test_variables_that_do_not_make_the_logits(tmp_path):
    handle = classifier(tmp_path / "module", tf.Variable(KERNEL), tf.Variable(BIAS), scale=2.0)
    assert find_publisher_head(load_module(handle)) is None


def test_a_module_of_features_alone(tmp_path):
    assert find_publisher_head(load_module(tiny_worlds.averaging_module(tmp_path / "module"))) is None


@pytest.mark.parametrize("name", ["tf1_hub", "tf1_hub_resource", "tf1_hub_classification"])
def test_published_modules(name):
    handle = SHARED / "mobilenet_v1_025_128" / name
    if not handle.is_dir():
        pytest.skip(f"{handle} is not there")
    module = load_module(str(handle))
    kernel, bias = find_publisher_head(module)
    assert (kernel.shape, bias.shape) == ((256, 1001), (1001,))
    images = np.random.default_rng(1).random((2, 128, 128, 3), np.float32)
    np.testing.assert_allclose(
        module(images).numpy() @ kernel + bias, module.output(images, "image_classification"), atol=1e-4
    )
