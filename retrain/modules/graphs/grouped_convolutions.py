"""Convolutions of groups of channels, written in operations that every CPU computes, and their gradients.

TensorFlow has them of Conv2D by oneDNN alone, which it leaves aside on CPUs without AVX-512, and TensorFlow 1
has none. Keras has XLA compile them; a graph of TensorFlow 1 cannot say so.
"""

from collections.abc import Mapping

import tensorflow as tf

from retrain.modules.graphs.pure_graph import PureGraph

GROUPED, DEPTHWISE = "Conv2D", "DepthwiseConv2dNative"
CHANNELS_LAST = b"NHWC"
Nodes = dict[str, tf.compat.v1.NodeDef]


def without_groups(graph: PureGraph, fed: Mapping[str, tf.TensorSpec]) -> PureGraph:
    """The graph with others in place of each; `fed`: what is given for the nodes that stand for values."""
    if graph.impure or not any(node.op == GROUPED for node in graph.nodes.values()):
        return graph
    filters = _filters_of_groups(graph, fed)
    nodes: Nodes = {}
    for name, node in graph.nodes.items():
        if name in filters:
            nodes |= _in_other_operations(node, *filters[name])
        nodes[name] = node
    return graph._replace(nodes=nodes)


def _filters_of_groups(
    graph: PureGraph, fed: Mapping[str, tf.TensorSpec]
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """The convolutions of groups -> how many, and the shape of the filter, as far as shapes are known."""
    whole = tf.compat.v1.GraphDef()
    whole.CopyFrom(graph.graph_def)
    whole.node.extend(graph.nodes.values())
    with tf.Graph().as_default() as inferred:
        given = {f"{name}:0": tf.compat.v1.placeholder(of.dtype, of.shape) for name, of in fed.items()}
        tf.graph_util.import_graph_def(whole, given, name="")
    found = {}
    for operation in inferred.get_operations():
        if operation.type == GROUPED and operation.get_attr("data_format") == CHANNELS_LAST:
            images, filters = (tensor.shape for tensor in operation.inputs)
            if filters.is_fully_defined() and images.rank and images[-1] not in (None, filters[2]):
                found[operation.name] = images[-1] // filters[2], tuple(filters)
    return found


def _in_other_operations(node: tf.compat.v1.NodeDef, groups: int, filters: tuple[int, ...]) -> Nodes:
    """Nodes to stand before this one, which becomes the last of them."""
    node.attr.pop("use_cudnn_on_gpu", None)
    _, down, along, _ = node.attr["strides"].list.i
    # With other padding than these oneDNN aborts the process.
    is_usual = node.attr["padding"].s in (b"SAME", b"VALID") and set(node.attr["dilations"].list.i) <= {1}
    if filters[2] == 1 and down == along and is_usual:
        return _depthwise(node, (*filters[:2], groups, filters[3] // groups))
    return _one_by_one(node, groups)


def _depthwise(node: tf.compat.v1.NodeDef, filters: tuple[int, ...]) -> Nodes:
    """Of groups of one channel."""
    shape = _constant(f"{node.name}/shape", filters)
    of_depth = _node(f"{node.name}/filters", "Reshape", [node.input[1], shape.name], T=node.attr["T"].type)
    of_depth.attr["Tshape"].type = tf.int32.as_datatype_enum
    node.op, node.input[1] = DEPTHWISE, of_depth.name
    return {each.name: each for each in (shape, of_depth)}


def _one_by_one(node: tf.compat.v1.NodeDef, groups: int) -> Nodes:
    """A convolution for each group, and their channels side by side."""
    dtype, last = node.attr["T"].type, _constant(f"{node.name}/last", 3)
    parts = [
        _node(f"{node.name}/{what}", "Split", [last.name, taken], T=dtype)
        for what, taken in zip(("images", "filters"), node.input, strict=True)
    ]
    for part in parts:
        part.attr["num_split"].i = groups
    convolved = []
    for group in range(groups):
        each = tf.compat.v1.NodeDef()
        each.CopyFrom(node)
        each.name = f"{node.name}/group_{group}"
        each.input[:] = [f"{part.name}:{group}" if group else part.name for part in parts]
        convolved.append(each)
    node.op = "ConcatV2"
    node.input[:] = [*(each.name for each in convolved), last.name]
    node.attr.clear()
    node.attr["T"].type, node.attr["N"].i = dtype, groups
    node.attr["Tidx"].type = tf.int32.as_datatype_enum
    return {each.name: each for each in (last, *parts, *convolved)}


def _constant(name: str, value: int | tuple[int, ...]) -> tf.compat.v1.NodeDef:
    tensor = tf.make_tensor_proto(value, tf.int32)
    node = _node(name, "Const", [])
    node.attr["dtype"].type = tensor.dtype
    node.attr["value"].tensor.CopyFrom(tensor)
    return node


def _node(name: str, op: str, inputs: list[str], **types: int) -> tf.compat.v1.NodeDef:
    node = tf.compat.v1.NodeDef(name=name, op=op, input=inputs)
    for attribute, of in types.items():
        node.attr[attribute].type = of
    return node
