"""Graphs of TensorFlow 1 are built here, rewritten, and run on values that the test keeps."""

from collections.abc import Callable

import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import cut
from retrain.modules.graphs.pure_graph import PureGraph, node_name, purify, variable_types

v1 = tf.compat.v1
KINDS = pytest.mark.parametrize("use_resource", [False, True], ids=["ref", "resource"])


def pure(build: Callable[[tf.Tensor], object]) -> PureGraph:
    """The graph that `build` makes of a placeholder `x`."""
    with tf.Graph().as_default() as graph:
        build(v1.placeholder(tf.float32, [], "x"))
        graph_def = graph.as_graph_def()
    return purify(graph_def, variable_types(graph_def))


def variable(name: str, use_resource: bool):
    return v1.get_variable(name, [], initializer=v1.zeros_initializer(), use_resource=use_resource)


def run(graph: PureGraph, *fetches: str, **values: float) -> list[float]:
    part = cut(graph, ["x"], fetches, "m")
    names = list(part.fed)
    function = v1.wrap_function(
        lambda *tensors: part(dict(zip(names, tensors, strict=True))), [tf.TensorSpec([])] * len(names)
    )
    return [float(value) for value in function(*(tf.constant(values[name]) for name in names))]


def updates(graph: PureGraph, *names: str) -> list[tuple[str, str]]:
    return [(update.method, update.variable) for update in graph.updates_of(names)]


def test_node_names():
    assert [node_name(name) for name in ("a", "a:1", "^a/b")] == ["a", "a", "a/b"]


@KINDS
def test_a_read_is_an_input(use_resource):
    graph = pure(lambda x: tf.multiply(x, variable("v", use_resource), "out"))
    assert graph.variables == {"v"}
    assert run(graph, "out:0", x=2.0, v=3.0) == [6.0]
    assert updates(graph, "out") == []


@KINDS
@pytest.mark.parametrize(
    ("assign", "method", "value"),
    [(v1.assign, "assign", 7.0), (v1.assign_add, "assign_add", 7.0), (v1.assign_sub, "assign_sub", 7.0)],
)
def test_an_assignment_is_an_output(use_resource, assign, method, value):
    def build(x):
        tf.group(assign(variable("v", use_resource), x + 5.0), name="update")

    graph = pure(build)
    [update] = graph.updates_of(["update"])
    assert (update.method, update.variable) == (method, "v")
    assert run(graph, update.value, x=2.0) == [value]


@KINDS
def test_the_initializer_is_no_update(use_resource):
    graph = pure(lambda x: tf.identity(x * variable("v", use_resource), "out"))
    assert [update.method for update in graph.updates.values()] == ["assign"]
    assert updates(graph, "out") == []


@KINDS
def test_reads_know_what_has_been_assigned_before(use_resource):
    def build(x):
        v = variable("v", use_resource)
        before = tf.identity(v.read_value(), "before")
        with tf.control_dependencies([before]):
            first = v1.assign_add(v, x)
        with tf.control_dependencies([first]):
            tf.identity(v.read_value(), "between")
            second = v1.assign_sub(v, 10.0 * x)
        with tf.control_dependencies([second]):
            tf.identity(v.read_value(), "after")

    graph = pure(build)
    assert run(graph, "before:0", "between:0", "after:0", x=1.0, v=5.0) == [5.0, 6.0, -4.0]
    assert updates(graph, "after") == [("assign_add", "v"), ("assign_sub", "v")]


@KINDS
def test_branches_of_tensorflow_1(use_resource):
    v1.disable_control_flow_v2()
    try:

        def build(x):
            v, w = variable("v", use_resource), variable("w", use_resource)
            tf.identity(v1.cond(x > 0, lambda: x * v, lambda: w - x), "out")

        graph = pure(build)
    finally:
        v1.enable_control_flow_v2()
    assert run(graph, "out:0", x=2.0, v=3.0, w=4.0) == [6.0]
    assert run(graph, "out:0", x=-2.0, v=3.0, w=4.0) == [6.0]
    assert run(graph, "out:0", x=-3.0, v=3.0, w=4.0) == [7.0]


def test_what_is_fed_can_be_fetched():
    graph = pure(lambda x: variable("v", False))
    assert run(graph, "v:0", "x:0", x=2.0, v=3.0) == [3.0, 2.0]


def test_neighbours_devices_and_gradient_functions_are_left_out():
    def build(x):
        with tf.device("/gpu:7"), v1.colocate_with(x.op):
            tf.identity(x, "out")

    [node] = [node for node in pure(build).nodes.values() if node.name == "out"]
    assert (node.device, set(node.attr)) == ("", {"T"})


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (
            lambda: v1.get_variable("v", [3], use_resource=True).sparse_read([0], name="part"),
            "'part' (ResourceGather) uses the variable 'v' otherwise than by reading or assigning it",
        ),
        (
            lambda: v1.scatter_add(v1.get_variable("v", [3], use_resource=False), [0], [1.0], name="part"),
            "'part' (ScatterAdd) uses the variable 'v' otherwise than by reading or assigning it",
        ),
    ],
)
def test_other_uses_of_a_variable_are_refused_by_name(build, what):
    graph = pure(lambda x: build())
    with pytest.raises(InputError) as info:
        cut(graph, [], ["part:0"], "m")
    assert str(info.value) == (
        f"'m' cannot be used as a TF1 Hub module: its operation {what}, which cannot be rewritten for "
        f"TensorFlow {tf.__version__}."
    )


def test_an_unknown_operation_is_refused_by_name():
    graph_def = tf.compat.v1.GraphDef()
    graph_def.node.add(name="here", op="Nonesuch")
    with pytest.raises(InputError) as info:
        cut(purify(graph_def, {}), [], ["here:0"], "m")
    assert str(info.value) == (
        f"'m' cannot be used as a TF1 Hub module: its operation 'here' (Nonesuch) is unknown to TensorFlow "
        f"{tf.__version__}."
    )


def test_other_uses_elsewhere_in_the_graph_do_not_matter():
    def build(x):
        v = v1.get_variable("v", [3], use_resource=True)
        v.sparse_read([0], name="part")
        tf.identity(x, "out")

    assert run(pure(build), "out:0", x=2.0) == [2.0]


def test_functions_in_the_graph_stay():
    @tf.function
    def double(x):
        return 2.0 * x

    with tf.Graph().as_default() as graph:
        tf.identity(double(v1.placeholder(tf.float32, [], "x")), "out")
        graph_def = graph.as_graph_def()
    assert run(purify(graph_def, {}), "out:0", x=3.0) == [6.0]
