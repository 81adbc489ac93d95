"""A part of a pure graph as a function over tf.Variables: their values go in, and what it assigns goes to them.

An imported graph is invisible to a gradient tape around it, so it stands in a tf.function of its own, whose call
the tape differentiates; assignments stand outside, where a distribution strategy can see them.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from retrain.modules.pure_graph import PureGraph, Update, node_name, part


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
        self._part = part(graph, [fed] if fed else [], fetches, handle)
        self._variables = [name for name in self._part.fed if name != fed]
        self._images = [fed] if fed else []
        self._specs = [images[1]] if images else []
        self._function = None

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

    def _traced(self, values: Sequence[tf.Tensor]):
        if self._function is None:
            names = [*self._images, *self._variables]
            signature = [*self._specs, *(tf.TensorSpec(value.shape, value.dtype) for value in values)]

            @tf.function(input_signature=signature, autograph=False)
            def pure(*tensors: tf.Tensor) -> list[tf.Tensor]:
                return self._part(dict(zip(names, tensors, strict=True)))

            self._function = pure
        return self._function
