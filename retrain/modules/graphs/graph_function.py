"""A part of a pure graph as a function over tf.Variables: their values go in, and what it assigns goes to
them.

An imported graph is invisible to a gradient tape around it, so it stands in a function of its own, whose
call the tape differentiates; assignments stand outside, where a distribution strategy can see them.
"""

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from retrain.modules.graphs.graph_part import cut
from retrain.modules.graphs.pure_graph import PureGraph, Update, node_name


class GraphFunction:
    """Computes `outputs`, key -> tensor name, from the values of variables and, where given, images."""

    def __init__(
        self,
        graph: PureGraph,
        images: tuple[str, tf.TensorSpec] | None,
        outputs: Mapping[str, str],
        updates: Sequence[Update],
        handle: str,
    ):
        fed = node_name(images[0]) if images else None
        self._keys = list(outputs)
        self._updates = list(updates)
        fetches = [*outputs.values(), *(update.value for update in updates)]
        self._part = cut(graph, [fed] if fed else [], fetches, handle)
        self._variables = [name for name in self._part.fed if name != fed]
        self._images = [fed] if fed else []
        self._specs = [images[1]] if images else []
        self._function = None

    @property
    def loop(self) -> str | None:
        """An operation of a TensorFlow 1 loop in it, through which no gradient passes, if there is one."""
        return next((node.name for node in self._part.graph_def.node if node.op == "Enter"), None)

    def __call__(
        self, variables: Mapping[str, tf.Variable], *images: tf.Tensor, apply_updates: bool = False
    ) -> dict[str, tf.Tensor]:
        """The outputs by key; with `apply_updates`, variables have been assigned."""
        values = [variables[name].read_value() for name in self._variables]
        results = self._traced(values)(*images, *values)
        if apply_updates:
            for update, value in zip(self._updates, results[len(self._keys) :], strict=True):
                getattr(variables[update.variable], update.method)(value)
        return dict(zip(self._keys, results, strict=False))

    def _traced(self, values: Sequence[tf.Tensor]) -> Callable[..., list[tf.Tensor]]:
        if self._function is None:
            names = [*self._images, *self._variables]
            signature = [*self._specs, *(tf.TensorSpec(value.shape, value.dtype) for value in values)]

            def pure(*tensors: tf.Tensor) -> list[tf.Tensor]:
                return self._part(dict(zip(names, tensors, strict=True)))

            # Not a tf.function: it adds an order of its own, which breaks loops and branches of TensorFlow 1.
            self._function = tf.compat.v1.wrap_function(pure, signature)
        return self._function
