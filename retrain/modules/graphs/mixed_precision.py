"""Computing in bfloat16 what takes the time, convolutions and matrix products; variables stay float32.

Of a Keras model each layer does so by its policy. In a graph of TensorFlow 1 each such operation gets casts
around it. The graph of a TF2 SavedModel is as it was saved. Whether the hardware gains is left to others.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from retrain.modules.graphs.pure_graph import PureGraph

if TYPE_CHECKING:  # which takes a while to import
    import keras

POLICY = "mixed_bfloat16"
OPERATIONS = {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMul", "BatchMatMulV2", "Conv3D"}
FLOAT, BFLOAT16 = tf.float32.as_datatype_enum, tf.bfloat16.as_datatype_enum


def use_bfloat16(model: "keras.Model") -> None:
    """Gives every layer the policy."""
    for layer in model._flatten_layers(
        include_self=False
    ):  # with those in nested models, which no public way has
        layer.dtype_policy = POLICY


def use_float32(model: "keras.Model") -> bool:
    """Gives every layer of mixed precision, whose variables are float32, that policy; whether there was one.

    In float16, as networks are saved that were trained on a GPU, gradients vanish unless losses are scaled,
    CPUs are slow, and TFLite has no convolutions.
    """
    mixed = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if layer.dtype_policy.name in ("mixed_float16", POLICY)
    ]
    for layer in mixed:
        layer.dtype_policy = "float32"
    return bool(mixed)


def in_bfloat16(graph: PureGraph) -> PureGraph:
    """The graph with casts around its convolutions and products."""
    nodes: dict[str, tf.compat.v1.NodeDef] = {}
    for name, node in graph.nodes.items():
        heavy = node.op in OPERATIONS and node.attr["T"].type == FLOAT
        nodes.update(_with_casts(node) if heavy else {name: node})
    return graph._replace(nodes=nodes)


def _with_casts(node: tf.compat.v1.NodeDef) -> Mapping[str, tf.compat.v1.NodeDef]:
    """Casts of the inputs, the operation under another name, and a cast of its output under its own."""
    data = [key for key in node.input if not key.startswith("^")]
    control = [key for key in node.input if key.startswith("^")]
    casts = [_cast(f"{node.name}/bfloat16_{i}", key, FLOAT, BFLOAT16) for i, key in enumerate(data)]
    inner = tf.compat.v1.NodeDef()
    inner.CopyFrom(node)
    inner.name = f"{node.name}/bfloat16"
    inner.attr["T"].type = BFLOAT16
    del inner.input[:]
    inner.input.extend([*(cast.name for cast in casts), *control])
    return {made.name: made for made in (*casts, inner, _cast(node.name, inner.name, BFLOAT16, FLOAT))}


def _cast(name: str, key: str, source: int, target: int) -> tf.compat.v1.NodeDef:
    node = tf.compat.v1.NodeDef(name=name, op="Cast", input=[key])
    node.attr["SrcT"].type = source
    node.attr["DstT"].type = target
    return node
