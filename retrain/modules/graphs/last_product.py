"""The last matrix product of a pure graph: what it reads of each image, and what is done with what it gives.

Behind it may stand what only shifts, scales, normalises, drops or squashes each value of the product: a bias,
a temperature, batch norm, dropout, a softmax. What else an operation takes, it is the same for all images, or
drawn at random.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from retrain.modules.graphs.pure_graph import PureGraph, node_name

PRODUCTS = {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "Conv2D"}
SQUASHING = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
SHIFTING = {"BiasAdd", "Add", "AddV2", "Sub"}
SCALING = {"Mul", "RealDiv"}
BATCH_NORM = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
DROPPING = {"Select", "SelectV2"}
HANDING_ON = {"Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "Log"}
PASSED = {*SQUASHING, *SHIFTING, *SCALING, *BATCH_NORM, *DROPPING, *HANDING_ON}
ROOTS = {"Rsqrt", "Sqrt"}
SHAPES = {"Shape", "ShapeN", "Rank", "Size", "ZerosLike", "OnesLike"}


class LastProduct(NamedTuple):
    """A product of values of each image with weights.

    Attributes:
      name: its node.
      reads: the tensor of each image's values, before any dropout.
      behind: "softmax", "log_softmax" or "sigmoid" where one follows.
      has_bias: whether something is added.
      is_normalised: whether a batch norm follows.
      after_dropout: whether dropout acts on what it reads.
    """

    name: str
    reads: str
    behind: str | None
    has_bias: bool
    is_normalised: bool
    after_dropout: bool


def last_product(graph: PureGraph, output: str, images: str) -> LastProduct | None:
    """That behind which only its values are handed on to the tensor `output`; None where none is.

    Args:
      graph: a pure graph.
      output: a tensor.
      images: the node that stands for images.
    """
    tail = _Tail(graph, images)
    passed, node = [], graph.nodes[node_name(output)]
    while node.op in PASSED:
        taken = tail.taken_of_images(node)
        if len(taken) != 1:
            return None
        passed.append(node)
        node = graph.nodes[node_name(taken[0])]
    taken = tail.taken_of_images(node)
    if node.op not in PRODUCTS or len(taken) != 1:
        return None
    reads = tail.before_dropout(taken[0])
    return LastProduct(
        node.name,
        reads if ":" in reads else f"{reads}:0",
        behind=next((SQUASHING[each.op] for each in passed if each.op in SQUASHING), None),
        has_bias=any(each.op in SHIFTING | BATCH_NORM for each in passed),
        is_normalised=any(map(tail.is_batch_norm, passed)),
        after_dropout=reads != taken[0],
    )


class _Tail:
    """The operations of a graph by what they hold of each image."""

    def __init__(self, graph: PureGraph, images: str):
        self._graph = graph
        self._of_images = _of_images(graph.nodes, images)

    def taken_of_images(self, node: tf.compat.v1.NodeDef) -> list[str]:
        """What the node takes that differs from image to image."""
        return [key for key in _data(node) if node_name(key) in self._of_images]

    def is_batch_norm(self, node: tf.compat.v1.NodeDef) -> bool:
        """Whether it is one, or scales as one does that is written out: by a root of what was learnt."""
        return node.op in BATCH_NORM or (node.op in SCALING and self._others_have(node, ROOTS))

    def before_dropout(self, key: str) -> str:
        """What is dropped of to give the tensor; the tensor itself where nothing is."""
        found, node = key, self._graph.nodes[node_name(key)]
        while node.op in {"Identity"} | DROPPING | SCALING and len(self.taken_of_images(node)) == 1:
            is_random = self._is_random(node)
            key = self.taken_of_images(node)[0]
            node = self._graph.nodes[node_name(key)]
            if is_random:
                found = self._before_scale(key)
        return found

    def _before_scale(self, key: str) -> str:
        """As much as dropout leaves out it makes the rest larger, before."""
        node = self._graph.nodes[node_name(key)]
        is_scale = node.op in SCALING and not self._is_random(node)
        taken = self.taken_of_images(node)
        return taken[0] if is_scale and len(taken) == 1 else key

    def _is_random(self, node: tf.compat.v1.NodeDef) -> bool:
        return any("Random" in self._graph.nodes[name].op for name in self._others(node))

    def _others_have(self, node: tf.compat.v1.NodeDef, operations: set[str]) -> bool:
        return any(self._graph.nodes[name].op in operations for name in self._others(node))

    def _others(self, node: tf.compat.v1.NodeDef) -> set[str]:
        """What stands behind the inputs of the node that are no values of each image."""
        others = [key for key in _data(node) if node_name(key) not in self._of_images]
        return self._graph.ancestors(others, self._of_images)


def _of_images(nodes: Mapping[str, tf.compat.v1.NodeDef], images: str) -> set[str]:
    """The nodes that hold values of each image: no shapes, and no means of the whole batch."""
    found = {images}
    for name, node in nodes.items():
        if node.op not in SHAPES and not _is_mean_of_batch(node, nodes):
            found |= {name} if found & set(map(node_name, _data(node))) else set()
    return found


def _is_mean_of_batch(node: tf.compat.v1.NodeDef, nodes: Mapping[str, tf.compat.v1.NodeDef]) -> bool:
    axes = nodes[node_name(node.input[1])] if node.op == "Mean" else None
    return axes is not None and axes.op == "Const" and 0 in tf.make_ndarray(axes.attr["value"].tensor)


def _data(node: tf.compat.v1.NodeDef) -> Sequence[str]:
    return [key for key in node.input if not key.startswith("^")]
