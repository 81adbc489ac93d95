import numpy as np
import tensorflow as tf

from retrain.modules.graphs.graph_part import GraphFunction
from retrain.modules.graphs.pure_function import pure_function
from retrain.modules.graphs.random_generators import has_generators, without_generators

SPEC = tf.TensorSpec([None, 2])


def test_draws_differ_and_no_generator_is_needed():
    generator = tf.random.Generator.from_seed(1)

    @tf.function(input_signature=[SPEC], autograph=False)
    def noisy(values: tf.Tensor) -> tf.Tensor:
        return (
            values
            + generator.uniform([1000, 2])
            + tf.random.stateless_uniform([2], generator.make_seeds(1)[:, 0])
        )

    pure = pure_function(noisy.get_concrete_function(), {})
    assert pure.variables == {}
    function = GraphFunction(pure.graph, {pure.images: SPEC}, {"noise": pure.outputs[0]}, [], "m")
    first, second = (function({}, tf.zeros([1, 2]))["noise"].numpy() for _ in range(2))
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_allclose(np.ptp(first, axis=0), 1.0, atol=0.05)


def test_what_waited_for_a_draw_still_does():
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="state", op="Placeholder")
    graph.node.add(name="read", op="RngReadAndSkip", input=["handed", "^before", "^handed", "^state"])
    graph.node.add(name="handed", op="Identity", input=["state"])
    assert has_generators(graph)
    without_generators(graph)
    assert not has_generators(graph)
    nodes = {node.name: node for node in graph.node}
    assert nodes["read"].op == "RandomUniformInt"
    assert list(nodes["read"].input) == ["read/shape", "read/least", "read/most", "^before"]
