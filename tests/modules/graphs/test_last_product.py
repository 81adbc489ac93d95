from collections.abc import Callable

import pytest
import tensorflow as tf

from retrain.modules.graphs.last_product import LastProduct, last_product
from retrain.modules.graphs.pure_function import PureFunction, pure_function

WEIGHTS = tf.Variable(tf.random.stateless_normal([6, 3], (0, 0)), name="weights")
SCALE = tf.Variable(tf.ones([3]), name="scale")


def pure(function: Callable[[tf.Tensor], tf.Tensor]) -> PureFunction:
    """Of what makes an output of six values of each image."""

    @tf.function(input_signature=[tf.TensorSpec([None, 6])], autograph=False)
    def traced(values: tf.Tensor) -> tf.Tensor:
        return function(tf.nn.relu(values, name="features"))

    variables = {id(each.handle): each for each in (WEIGHTS, SCALE)}
    return pure_function(traced.get_concrete_function(), variables)


def found(function: Callable[[tf.Tensor], tf.Tensor]) -> LastProduct | None:
    whole = pure(function)
    return last_product(whole.graph, whole.outputs[0], whole.images)


def dense(values: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matmul(values, WEIGHTS, name="product")


def batch_norm(values: tf.Tensor, training: bool) -> tf.Tensor:
    mean, variance = tf.nn.moments(values, [0]) if training else (SCALE + 1.0, SCALE + 2.0)
    return tf.nn.batch_normalization(values, mean, variance, SCALE, SCALE, 1e-3)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (tf.identity, (None, False, False)),
        (lambda values: tf.nn.bias_add(values, SCALE), (None, True, False)),
        (lambda values: 0.5 * values - 1.0, (None, True, False)),
        (lambda values: tf.exp(SCALE) * values, (None, False, False)),
        (lambda values: tf.nn.softmax(values / SCALE), ("softmax", False, False)),
        (tf.nn.log_softmax, ("log_softmax", False, False)),
        (lambda values: tf.math.log(tf.nn.softmax(values)), ("softmax", False, False)),
        (lambda values: tf.reshape(tf.nn.sigmoid(values), tf.shape(values)), ("sigmoid", False, False)),
        (lambda values: tf.nn.dropout(tf.nn.softmax(values), 0.5), ("softmax", False, False)),
        (lambda values: tf.nn.softmax(batch_norm(values, False)), ("softmax", True, True)),
        (lambda values: tf.nn.softmax(batch_norm(values, True)), ("softmax", True, True)),
    ],
)
def test_what_stands_behind(behind, expected):
    product = found(lambda values: behind(dense(values)))
    assert product == LastProduct("product", "features:0", *expected, after_dropout=False)


@pytest.mark.parametrize(
    "behind",
    [
        tf.nn.relu,
        tf.nn.swish,
        lambda values: tf.math.l2_normalize(values, -1),
        lambda values: values - tf.reduce_mean(values, -1, keepdims=True),
        lambda values: tf.concat([values, values], -1),
    ],
)
def test_what_makes_other_values_of_a_product(behind):
    assert found(lambda values: behind(dense(values))) is None


@pytest.mark.parametrize(
    "product",
    [
        lambda values: tf.raw_ops.Einsum(inputs=[WEIGHTS, values], equation="io,bi->bo"),
        lambda values: tf.squeeze(tf.matmul(values[:, None], WEIGHTS[None]), 1),
        lambda values: tf.squeeze(
            tf.nn.conv2d(values[:, None, None], WEIGHTS[None, None], 1, "VALID"), [1, 2]
        ),
    ],
)
def test_products(product):
    assert found(product) is not None


def test_products_of_two_values_of_an_image_are_none():
    assert found(lambda values: tf.matmul(values, values, transpose_b=True)) is None


@pytest.mark.parametrize(
    "dropout",
    [
        lambda values: tf.nn.dropout(values, 0.5),
        lambda values: tf.nn.experimental.stateless_dropout(values, 0.5, (0, 1)),
        lambda values: tf.identity(tf.nn.dropout(values, 0.5)),
        lambda values: values / 0.5 * tf.floor(0.5 + tf.random.uniform(tf.shape(values))),
    ],
)
def test_what_is_read_is_taken_before_dropout(dropout):
    product = found(lambda values: dense(dropout(values)))
    assert (product.reads, product.after_dropout) == ("features:0", True)


def test_a_scale_that_is_no_dropout_stays():
    product = found(lambda values: dense(tf.multiply(values, 2.0, name="scaled")))
    assert (product.reads, product.after_dropout) == ("scaled:0", False)
