"""One graph of a TF1 Hub module, chosen by tags, as hub.Module takes it: all its signatures, of any input.

Outside of graphs of TensorFlow 1 it is computed on variables of its own, eagerly or in a tf.function; inside
of one it becomes part of that (see graphs.session_graph). As in the genuine library, a trainable one has the
regularization losses of the graph, and each call makes its updates; a frozen one has and makes none.
"""

import functools
import os
import shutil
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
from tensorflow.core.framework.variable_pb2 import SaveSliceInfoDef

from retrain import files
from retrain.errors import InputError
from retrain.modules.graphs.graph_part import GraphFunction
from retrain.modules.graphs.pure_graph import purify, variable_types
from retrain.modules.graphs.session_graph import SessionGraph
from retrain.modules.module_spec import Tags
from retrain.modules.signatures import DEFAULT_OUTPUT
from retrain.modules.sources.tf1_hub_files import (
    CHECKPOINT,
    PENALTIES,
    UPDATES,
    VARIABLES,
    collected,
    make_variables,
    read_graphs,
    tensor_spec,
    variable_names,
)


class EagerGraph(tf.Module):
    """The graph on variables of its own.

    Attributes:
      variable_map: the name in the graph -> the variable, or the parts of a partitioned one.
    """

    def __init__(self, location: str, handle: str, tags: Tags, trainable: bool):
        super().__init__(name="image_module")
        graph = read_graphs(location, handle)[tags]
        pure = purify(graph.graph_def, variable_types(graph.graph_def))
        self._location, self._handle, self._trainable = location, handle, trainable
        self._by_name = make_variables(location, handle, [graph], trainable)
        # Closures, because tf.Module would track, and fail to save, what they hold.
        self._parts = lambda: variable_names(graph, VARIABLES)
        self._penalties = lambda: collected(graph, PENALTIES) if trainable else []
        self._loss = functools.cache(lambda name: GraphFunction(pure, {}, {DEFAULT_OUTPUT: name}, [], handle))
        self._function = functools.cache(lambda signature: _function(graph, pure, signature, handle))

    @property
    def variable_map(self) -> dict[str, tf.Variable | list[tf.Variable]]:
        found: dict[str, tf.Variable | list[tf.Variable]] = {}
        for name, part in self._parts().items():
            if part is None:
                found[name] = self._by_name[name]
            else:
                found.setdefault(part.full_name, []).append(self._by_name[name])
        return found

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        # In the order of the graph, which tf.Module would not keep.
        return tuple(self._by_name.values())

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return tuple(functools.partial(self._penalty, name) for name in self._penalties())

    def _penalty(self, name: str) -> tf.Tensor:
        return self._loss(name)(self._by_name)[DEFAULT_OUTPUT]

    def __call__(self, inputs: Mapping[str, tf.Tensor], signature: str) -> dict[str, tf.Tensor]:
        """The outputs of the signature by key; where it is trained, updates have been made."""
        function = self._function(signature)
        if self._trainable and function.loop:
            raise InputError(
                f"{self._handle!r} computes {signature!r} in a loop of TensorFlow 1 ({function.loop!r}), "
                f"through which it can be trained in a tf.Graph with a Session only; use it there, or with "
                f"trainable=False."
            )
        if self._trainable:
            function.check_no_jax(signature)
        values = (inputs[key] for key in sorted(inputs))
        return function(self._by_name, *values, apply_updates=self._trainable)

    def export(self, path: str) -> None:
        """Writes the module with the values that its variables have now."""

        def save(checkpoint: str) -> None:
            parts = self._parts()
            tf.raw_ops.SaveV2(
                prefix=checkpoint,
                tensor_names=[part.full_name if part else name for name, part in parts.items()],
                shape_and_slices=[_slice(part) if part else "" for part in parts.values()],
                tensors=[self._by_name[name].numpy() for name in parts],
            )

        _export(self._location, path, save)


class SessionModule(SessionGraph):
    """The graph in a graph of TensorFlow 1."""

    def __init__(self, location: str, handle: str, tags: Tags, trainable: bool, name: str):
        self._location = location
        super().__init__(read_graphs(location, handle)[tags], f"{location}/{CHECKPOINT}", trainable, name)

    def export(self, path: str, session: tf.compat.v1.Session) -> None:
        """Writes the module with the values that its variables have in the session."""
        _export(self._location, path, functools.partial(self.save, session))


def _function(graph, pure, signature: str, handle: str) -> GraphFunction:
    definition = graph.signature_def[signature]
    inputs = {
        definition.inputs[key].name: tensor_spec(definition.inputs[key]) for key in sorted(definition.inputs)
    }
    outputs = {key: output.name for key, output in definition.outputs.items()}
    updates = pure.updates_of([*collected(graph, UPDATES), *outputs.values()])
    return GraphFunction(pure, inputs, outputs, updates, handle)


def _slice(part: SaveSliceInfoDef) -> str:
    """The slice in the words of a checkpoint: the full shape, then begin and length of each dimension."""
    bounds = (f"{start},{size}" for start, size in zip(part.var_offset, part.var_shape, strict=True))
    return f"{' '.join(map(str, part.full_shape))} {':'.join(bounds)}"


def _export(location: str, path: str, save: Callable[[str], None]) -> None:
    """Copies the module to a new directory, but for the checkpoint, which `save` writes."""
    with files.new_directory(path) as partial:
        others = shutil.ignore_patterns(CHECKPOINT.parts[0])
        shutil.copytree(location, partial, ignore=others, dirs_exist_ok=True)
        os.makedirs(os.path.join(partial, CHECKPOINT.parts[0]))
        save(os.path.join(partial, CHECKPOINT))
