"""A traced function as a graph without variables: all functions that it calls are put in their place, and
reads and writes of variables become inputs and outputs of the graph (see pure_graph).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import ConfigProto

# As TensorFlow's own converters do it (convert_to_constants.py); no public way puts functions in place.
from tensorflow.python.grappler import tf_optimizer

from retrain.modules.graphs.grouped_convolutions import without_groups
from retrain.modules.graphs.pure_graph import ASSIGN_OPS, PureGraph, node_name, purify
from retrain.modules.graphs.random_generators import has_generators, without_generators

STAY_CALLS = {"_XlaMustCompile", "_noinline"}


class PureFunction(NamedTuple):
    """The graph, and names in it.

    Attributes:
      graph: the pure graph.
      images: the node to feed with the first argument.
      variables: the node to feed -> the variable whose value it takes.
      outputs: tensors.
    """

    graph: PureGraph
    images: str
    variables: Mapping[str, tf.Variable]
    outputs: Sequence[str]


def pure_function(traced: Any, variables: Mapping[int, tf.Variable]) -> PureFunction | None:
    """Of a concrete function of one tensor; `variables`: by the id of their handle.

    None where it uses a resource that is no variable among them, such as a lookup table; generators of random
    numbers are left out.
    """
    captured = dict(zip(_captured_names(traced), traced.captured_inputs, strict=True))
    constants = {name: value for name, value in captured.items() if value.dtype != tf.resource}
    resources = {name: variables.get(id(value)) for name, value in captured.items() if name not in constants}
    read = {name: variable for name, variable in resources.items() if variable is not None}
    others = set(resources) - set(read)
    if others and not has_generators(traced.graph.as_graph_def()):
        return None
    graph_def = _inlined(traced)
    without_generators(graph_def)
    _embed(graph_def, constants)
    _release(graph_def, {node_name(tensor.name) for tensor in traced.outputs})
    types = {name: variable.dtype.as_datatype_enum for name, variable in read.items()}
    outputs = [tensor.name for tensor in traced.outputs]
    images = node_name(traced.inputs[0].name)
    fed = {images: traced.inputs[0], **read}
    graph = purify(graph_def, types)
    if _used(graph, outputs) & others:
        return None
    graph = without_groups(graph, {name: _spec(of) for name, of in fed.items()})
    return PureFunction(graph, images, read, outputs)


def _used(graph: PureGraph, outputs: Sequence[str]) -> set[str]:
    """The nodes that the outputs depend on, or what is assigned to variables, unknown ones too."""
    assigned = [name for name, node in graph.nodes.items() if node.op in ASSIGN_OPS]
    return graph.ancestors([*outputs, *graph.updates, *assigned])


def _spec(of: tf.Tensor | tf.Variable) -> tf.TensorSpec:
    return tf.TensorSpec(of.shape, of.dtype)


def _captured_names(traced: Any) -> list[str]:
    """The nodes of the graph that stand for what it captured, in the order of `captured_inputs`."""
    return [node_name(tensor.name) for tensor in traced.inputs[1:]]


def _inlined(traced: Any) -> tf.compat.v1.GraphDef:
    """The traced graph with the bodies of all functions in the place of their calls."""
    graph_def = traced.graph.as_graph_def()
    # Not export_meta_graph, which takes the collections of the whole program along, and warns of its tables.
    meta_graph = tf.compat.v1.MetaGraphDef(graph_def=graph_def)
    _let_inline(meta_graph.graph_def)
    # What the optimizer finds in this collection stays.
    kept = [tensor.name for tensor in (*traced.inputs, *traced.outputs)]
    meta_graph.collection_def["train_op"].node_list.value.extend(kept)
    config = ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    options.optimizers.append("function")
    options.function_optimization = options.AGGRESSIVE
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _let_inline(graph_def: tf.compat.v1.GraphDef) -> None:
    """Frees calls of the marks by which they stay calls: Keras has XLA compile grouped convolutions."""
    functions = graph_def.library.function
    inside = [node for function in functions for node in function.node_def]
    for marked in (*graph_def.node, *functions, *inside):
        for mark in STAY_CALLS & set(marked.attr):
            del marked.attr[mark]


def _embed(graph_def: tf.compat.v1.GraphDef, constants: Mapping[str, tf.Tensor]) -> None:
    """Puts captured values that are no variables into the graph."""
    for node in graph_def.node:
        if node.name in constants:
            value = constants[node.name].numpy()
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = constants[node.name].dtype.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _release(graph_def: tf.compat.v1.GraphDef, outputs: set[str]) -> None:
    """Lets what is returned not wait for what is assigned, as it does in a tf.function."""
    for node in graph_def.node:
        if node.name in outputs:
            data = [key for key in node.input if not key.startswith("^")]
            del node.input[:]
            node.input.extend(data)
