import numpy as np
import pytest
import tensorflow as tf

from retrain.modules.graphs.graph_part import cut
from retrain.modules.graphs.pure_function import pure_function

CHANNELS = 4
IMAGES = np.random.default_rng(0).random((2, 6, 7, CHANNELS), np.float32)
# What the convolution is -> shape of its filter, how it is called, and operations in its place.
CASES = {
    "depthwise": ([3, 3, 1, 4], {}, {"DepthwiseConv2dNative"}),
    "two of each": ([3, 2, 1, 8], {"strides": 2}, {"DepthwiseConv2dNative"}),
    "pairs": ([3, 3, 2, 6], {}, {"Conv2D", "ConcatV2"}),
    "valid": ([1, 3, 2, 4], {"padding": "VALID"}, {"Conv2D", "ConcatV2"}),
    "padded": ([3, 3, 1, 4], {"padding": [[0, 0], [1, 2], [0, 1], [0, 0]]}, {"Conv2D", "ConcatV2"}),
    "strides": ([3, 3, 1, 4], {"strides": [1, 2, 1, 1]}, {"Conv2D", "ConcatV2"}),
    "one group": ([3, 3, 4, 5], {}, {"Conv2D"}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_comes_out_and_back(name):
    """XLA has grouped convolutions, and their gradients."""
    shape, options, expected = CASES[name]
    filters = tf.Variable(tf.random.stateless_normal(shape, (0, 1)))
    bias = tf.Variable(tf.random.stateless_normal(shape[3:], (0, 2)))

    def convolved(images):
        return tf.nn.bias_add(
            tf.nn.conv2d(images, filters, **({"strides": 1, "padding": "SAME"} | options)), bias
        )

    traced = tf.function(convolved, input_signature=[tf.TensorSpec([None, 6, 7, CHANNELS])], autograph=False)
    pure = pure_function(traced.get_concrete_function(), {id(of.handle): of for of in (filters, bias)})
    kinds = {node.op for node in pure.graph.nodes.values()}
    assert kinds & {"Conv2D", "DepthwiseConv2dNative", "ConcatV2"} == expected
    part = cut(pure.graph, [pure.images], pure.outputs, "m")

    @tf.function(autograph=False)
    def rewritten(images):
        values = {name: images if name == pure.images else pure.variables[name].value() for name in part.fed}
        return part(values)[0]

    def with_gradients(function):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(function(tf.constant(IMAGES)) ** 2)
        return loss, *tape.gradient(loss, [filters, bias])

    compiled = tf.function(with_gradients, jit_compile=True, autograph=False)(convolved)
    for one, other in zip(with_gradients(rewritten), compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
