"""What a module computes, as a graph for one image: its operations, its updates, what it costs.

A traced graph calls functions, which call others; here an operation counts as often as it is called.
"""

import math
from collections.abc import Iterator

import tensorflow as tf

# Not public, but the way of TensorFlow's own converters to a graph without functions, with known shapes.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from retrain.modules.image_module import ImageModule


def traced(
    module: ImageModule, signature: str, training: bool = False
) -> tf.types.experimental.ConcreteFunction:
    """All outputs of a signature, as a function of one image of the expected size."""

    @tf.function(input_signature=[tf.TensorSpec([1, *module.image_size, 3])], autograph=False)
    def outputs(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return module.outputs(images, signature, training)

    return outputs.get_concrete_function()


def operations(function: tf.types.experimental.ConcreteFunction) -> Iterator[tf.compat.v1.NodeDef]:
    """The operations of the function and of those that it calls."""
    graph_def = function.graph.as_graph_def()
    bodies = {body.signature.name: body.node_def for body in graph_def.library.function}
    pending = [graph_def.node]
    while pending:
        for node in pending.pop():
            yield node
            values = node.attr.values()
            called = [node.op, *(value.func.name for value in values)]
            called += [branch.name for value in values for branch in value.list.func]
            pending.extend(bodies[name] for name in called if name in bodies)


def count_updates(function: tf.types.experimental.ConcreteFunction) -> int:
    """How many assignments to variables of numbers it makes; the state of a random generator is none."""
    return sum(
        node.op.startswith("Assign") and tf.dtypes.as_dtype(node.attr["dtype"].type).is_floating
        for node in operations(function)
    )


def count_float_operations(function: tf.types.experimental.ConcreteFunction) -> int:
    """Multiplications and additions of its convolutions and matrix products, which outweigh all others."""
    return sum(map(_cost, convert_variables_to_constants_v2(function).graph.get_operations()))


def _cost(operation: tf.Operation) -> int:
    """Each value of the output is a sum of products; how many, the inputs tell."""
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        height, width, channels, _ = operation.inputs[1].shape
        products = height * width * (channels if operation.type == "Conv2D" else 1)
    elif operation.type in ("MatMul", "BatchMatMulV2", "BatchMatMulV3"):
        transposed = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        products = operation.inputs[0].shape[-2 if transposed else -1]
    elif operation.type == "Einsum":
        return 2 * math.prod(_einsum_sizes(operation).values())
    else:
        return 0
    return 2 * products * math.prod(operation.outputs[0].shape)


def _einsum_sizes(operation: tf.Operation) -> dict[str, int]:
    terms = operation.get_attr("equation").decode().partition("->")[0].split(",")
    return {
        letter: size
        for term, factor in zip(terms, operation.inputs, strict=True)
        for letter, size in zip(term, factor.shape, strict=True)
    }
