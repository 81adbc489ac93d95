import keras
import pytest
import tensorflow as tf

from retrain.modules.graphs.traced_graph import count_float_operations, count_updates, operations, traced
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, image_signature
from tests import tiny_tf1_hub

SIZE = (8, 6)


class OneOperation(ImageModule):
    """Images of 8 x 6 pixels through a function."""

    def __init__(self, function):
        super().__init__("one", "", {IMAGE_FEATURE_VECTOR: image_signature(SIZE, {})}, SIZE)
        self.function = lambda: function

    def outputs(self, images, signature, training=False):
        return {"default": self.function()(images)}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda images: tf.nn.conv2d(images, tf.ones([3, 3, 3, 5]), 2, "SAME"), 2 * (4 * 3 * 5) * 27),
        (
            lambda images: tf.nn.depthwise_conv2d(images, tf.ones([3, 3, 3, 2]), [1, 1, 1, 1], "SAME"),
            2 * (8 * 6 * 6) * (3 * 3),
        ),
        (lambda images: tf.matmul(images[:, 0, 0], tf.ones([3, 7])), 2 * 7 * 3),
        (lambda images: tf.matmul(images[0, 0], tf.ones([6, 7]), transpose_a=True), 2 * (3 * 7) * 6),
        (lambda images: tf.matmul(images, tf.ones([3, 7])), 2 * (8 * 6 * 7) * 3),
        (lambda images: tf.matmul(images, images, adjoint_a=True), 2 * (8 * 3 * 3) * 6),
        (lambda images: tf.einsum("bhwc,cd->bd", images, tf.ones([3, 4])), 2 * (8 * 6 * 3) * 4),
        (lambda images: tf.nn.relu(images + 1), 0),
    ],
)  # fmt: skip
def test_float_operations(function, expected):
    assert count_float_operations(traced(OneOperation(function), IMAGE_FEATURE_VECTOR)) == expected


def test_what_a_function_calls_counts_each_time():
    convolution = tf.function(lambda images: tf.nn.conv2d(images, tf.ones([1, 1, 3, 1]), 1, "SAME"))
    called = traced(
        OneOperation(lambda images: convolution(images) + convolution(2 * images)), IMAGE_FEATURE_VECTOR
    )
    assert count_float_operations(called) == 2 * (2 * 8 * 6 * 3)
    assert [node.op for node in operations(called)].count("Conv2D") == 2


def test_sizes_become_known_behind_a_call_of_any_size():
    anything = tf.TensorSpec([None, None, None, 3])
    convolution = tf.function(
        lambda images: tf.nn.conv2d(images, tf.ones([1, 1, 3, 1]), 1, "SAME"), input_signature=[anything]
    )
    assert count_float_operations(traced(OneOperation(convolution), IMAGE_FEATURE_VECTOR)) == 2 * 8 * 6 * 3


def test_updates_happen_in_training(tmp_path):
    module = load_module(tiny_tf1_hub.averaging_module(tmp_path / "module"))
    assert count_updates(traced(module, IMAGE_FEATURE_VECTOR, training=True)) == 1
    assert count_updates(traced(module, IMAGE_FEATURE_VECTOR)) == 0


def test_the_state_of_a_random_generator_is_no_update(tmp_path):
    layers = [keras.Input((8, 8, 3)), keras.layers.Dropout(0.5), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential(layers).save(tmp_path / "random.keras")
    module = load_module(str(tmp_path / "random.keras"))
    assert count_updates(traced(module, IMAGE_FEATURE_VECTOR, training=True)) == 0
