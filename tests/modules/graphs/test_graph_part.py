import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import cut
from retrain.modules.graphs.pure_graph import purify

v1 = tf.compat.v1


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
