import numpy as np
import tensorflow as tf

from retrain.modules.graphs.graph_function import GraphFunction
from retrain.modules.graphs.pure_graph import purify, variable_types

v1 = tf.compat.v1
X = tf.TensorSpec([None], tf.float32)


def counting() -> GraphFunction:
    """`out` = x * scale; each use counts."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None], "x")
        scale, count, _ = (
            v1.get_variable(name, initializer=0.0, use_resource=False)
            for name in ("scale", "count", "unused")
        )
        tf.multiply(x, scale, "out")
        tf.group(v1.assign_add(count, 1.0), name="update")
        graph_def = graph.as_graph_def()
    pure = purify(graph_def, variable_types(graph_def))
    return GraphFunction(pure, ("x:0", X), {"default": "out:0"}, pure.updates_of(["update"]), "m")


def variables() -> dict[str, tf.Variable]:
    return {"scale": tf.Variable(3.0), "count": tf.Variable(0.0, trainable=False)}


def test_outputs_and_updates():
    function, values = counting(), variables()
    np.testing.assert_array_equal(function(values, tf.constant([1.0, 2.0]))["default"], [3.0, 6.0])
    assert values["count"].numpy() == 0
    function(values, tf.constant([1.0]), apply_updates=True)
    assert values["count"].numpy() == 1


def test_it_is_one_function_for_all_variables():
    function, one, other = counting(), variables(), variables()
    other["scale"].assign(5.0)
    assert float(function(one, tf.constant([2.0]))["default"][0]) == 6.0
    assert float(function(other, tf.constant([2.0]))["default"][0]) == 10.0


def test_gradients_pass():
    function, values = counting(), variables()
    x = tf.constant([1.0, 2.0])

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = tf.reduce_sum(function(values, x, apply_updates=True)["default"] ** 2)
        return tape.gradient(out, [values["scale"], x])

    scale, images = gradient()
    assert float(scale) == 30.0
    np.testing.assert_array_equal(images, [18.0, 36.0])
    assert values["count"].numpy() == 1


def test_no_loop():
    assert counting().loop is None
