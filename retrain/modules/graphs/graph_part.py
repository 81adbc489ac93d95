"""A part of a pure graph, cut out to compute some tensors: joined to another graph, or made a function.

An imported graph is invisible to a gradient tape around it, so the part that is a function over tf.Variables
stands in a function of its own, whose call the tape differentiates; assignments stand outside, where a
distribution strategy can see them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.pure_graph import PureGraph, Update, node_name


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


class GraphFunction:
    """Computes `outputs`, key -> tensor name, from the values of variables and of `inputs`, by name."""

    def __init__(
        self,
        graph: PureGraph,
        inputs: Mapping[str, tf.TensorSpec],
        outputs: Mapping[str, str],
        updates: Sequence[Update],
        handle: str,
    ):
        self._inputs = list(map(node_name, inputs))
        self._specs = list(inputs.values())
        self._keys = list(outputs)
        self._updates, self._handle = list(updates), handle
        fetches = [*outputs.values(), *(update.value for update in updates)]
        self._part = cut(graph, self._inputs, fetches, handle)
        self._variables = [name for name in self._part.fed if name not in self._inputs]
        self._function = None

    @property
    def loop(self) -> str | None:
        """An operation of a TensorFlow 1 loop in it, through which no gradient passes, if there is one."""
        return self._first("Enter")

    def check_no_jax(self, signature: str) -> None:
        """InputError where it has a program of JAX, whose gradient stayed in the SavedModel it came from."""
        program = self._first("XlaCallModule")
        if program is not None:
            raise InputError(
                f"{self._handle!r} computes {signature!r} in a program of JAX ({program!r}), through which a "
                f"TF1 Hub module cannot be trained; fine-tune the SavedModel that was exported beside it, or "
                f"use this one frozen."
            )

    def _first(self, op: str) -> str | None:
        return next((node.name for node in self._part.graph_def.node if node.op == op), None)

    def __call__(
        self, variables: Mapping[str, tf.Variable], *inputs: tf.Tensor, apply_updates: bool = False
    ) -> dict[str, tf.Tensor]:
        """The outputs by key; with `apply_updates`, variables have been assigned."""
        values = [variables[name].read_value() for name in self._variables]
        results = self._traced(values)(*inputs, *values)
        if apply_updates:
            for update, value in zip(self._updates, results[len(self._keys) :], strict=True):
                getattr(variables[update.variable], update.method)(value)
        return dict(zip(self._keys, results, strict=False))

    def _traced(self, values: Sequence[tf.Tensor]) -> Callable[..., list[tf.Tensor]]:
        if self._function is None:
            names = [*self._inputs, *self._variables]
            signature = [*self._specs, *(tf.TensorSpec(value.shape, value.dtype) for value in values)]

            def pure(*tensors: tf.Tensor) -> list[tf.Tensor]:
                return self._part(dict(zip(names, tensors, strict=True)))

            # Not a tf.function: it adds an order of its own, which breaks loops and branches of TensorFlow 1.
            try:
                self._function = tf.compat.v1.wrap_function(pure, signature)
            except ValueError as error:
                reason = next(iter(str(error).splitlines()), "").partition(";")[0]
                raise InputError(
                    f"{self._handle!r} cannot be used: TensorFlow does not take its graph ({reason}); fetch "
                    f"or export the module again."
                ) from error
        return self._function
