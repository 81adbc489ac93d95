import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import GraphFunction, cut
from retrain.modules.graphs.pure_graph import purify, variable_types

v1 = tf.compat.v1
X = tf.TensorSpec([None], tf.float32)


def graph_of_two_inputs():
    with tf.Graph().as_default() as graph:
        x, y = (v1.placeholder(tf.float32, [], name) for name in "xy")
        with tf.control_dependencies([x]):
            tf.identity(x + y, "sum")
            tf.identity(2.0 * x, "double")
        return purify(graph.as_graph_def(), {})


def test_only_what_is_needed_is_kept():
    part = cut(graph_of_two_inputs(), ["x", "y"], ["double:0"], "m")
    assert list(part.fed) == ["x"]
    assert {node.op for node in part.graph_def.node} == {"Const", "Mul", "Identity"}


def test_it_joins_the_graph_that_is_built():
    part = cut(graph_of_two_inputs(), ["x", "y"], ["sum:0", "double:0", "x:0"], "m")
    function = tf.function(lambda x, y: part({"x": x, "y": y}))
    assert [float(value) for value in function(tf.constant(2.0), tf.constant(3.0))] == [5.0, 4.0, 2.0]


def test_another_input_is_refused_by_name():
    with pytest.raises(InputError) as info:
        cut(graph_of_two_inputs(), ["x"], ["sum:0"], "m")
    assert str(info.value) == (
        "'m' cannot be used as a TF1 Hub module: its outputs need 'y' beside images; use a module that "
        "computes them from images alone."
    )


def test_a_program_of_jax_is_not_trained():
    graph_def = v1.GraphDef()
    graph_def.node.add(name="x", op="Placeholder").attr["dtype"].type = tf.float32.as_datatype_enum
    graph_def.node.add(name="program", op="XlaCallModule", input=["x"])
    function = GraphFunction(purify(graph_def, {}), {"x:0": X}, {"default": "program:0"}, [], "m")
    counting().check_no_jax("default")
    with pytest.raises(InputError) as info:
        function.check_no_jax("default")
    assert str(info.value) == (
        "'m' computes 'default' in a program of JAX ('program'), through which a TF1 Hub module cannot be "
        "trained; fine-tune the SavedModel that was exported beside it, or use this one frozen."
    )


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
    return GraphFunction(pure, {"x:0": X}, {"default": "out:0"}, pure.updates_of(["update"]), "m")


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
