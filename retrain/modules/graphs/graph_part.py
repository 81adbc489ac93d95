"""A part of a pure graph, cut out to compute some tensors, and joined to a graph that is being built."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.pure_graph import PureGraph, node_name


class Part(NamedTuple):
    """The part of a pure graph that computes `fetches` from the outputs 0 of the nodes `fed`."""

    graph_def: tf.compat.v1.GraphDef
    fed: Sequence[str]
    fetches: Sequence[str]

    def __call__(self, values: Mapping[str, tf.Tensor]) -> list[tf.Tensor]:
        """The fetched tensors, in the graph that is being built."""
        feeds = {f"{name}:0": values[name] for name in self.fed}
        fetches = [name for name in self.fetches if name not in feeds]
        used = {key for node in self.graph_def.node for key in node.input}
        inputs = {key: value for key, value in feeds.items() if used & {key, node_name(key)}}
        found = tf.graph_util.import_graph_def(self.graph_def, inputs, fetches, name="") if fetches else []
        return [(feeds | dict(zip(fetches, found, strict=True)))[name] for name in self.fetches]


def cut(graph: PureGraph, fed: Iterable[str], fetches: Sequence[str], handle: str) -> Part:
    """Cuts out what `fetches` need; InputError when that is not a function of images and variables."""
    fed = {*fed, *graph.variables}
    needed = graph.ancestors(fetches, fed)
    for name in sorted(needed - fed):
        if name in graph.impure:
            raise InputError(f"{handle!r} cannot be used as a TF1 Hub module: {graph.impure[name]}.")
        if graph.nodes[name].op == "Placeholder":
            raise InputError(
                f"{handle!r} cannot be used as a TF1 Hub module: its outputs need {name!r} beside images; "
                f"use a module that computes them from images alone."
            )
    graph_def = tf.compat.v1.GraphDef()
    graph_def.CopyFrom(graph.graph_def)
    for name, node in graph.nodes.items():
        if name in needed and name not in fed:
            added = graph_def.node.add()
            added.CopyFrom(node)
            del added.input[:]
            # A control input on what is fed, and so there already, would have no node.
            added.input.extend(
                key for key in node.input if key.removeprefix("^") == key or key[1:] not in fed
            )
    return Part(graph_def, sorted(needed & fed), list(fetches))
