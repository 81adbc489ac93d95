"""A MetaGraph with variables in a graph of TensorFlow 1, as hub.Module of tensorflow-hub 0.15 put it there.

The whole graph is imported once, under an unused scope, for its variables, and once for each call, joined to
these variables and to the tensors given. What belongs to the variables joins the collections when they are
made (GLOBAL_VARIABLES; where it is trained, TRAINABLE_VARIABLES and REGULARIZATION_LOSSES), what belongs to a
call joins UPDATE_OPS, as sessions, savers and optimizers expect. Names, collections and their order are those
of the genuine library (v0.15.0, tensorflow_hub/native_module.py: _create_state_graph, create_apply_graph).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef

# The definitions of operations are not public; they alone know which hold a state.
from tensorflow.python.framework import op_def_registry

from retrain.errors import InputError

KEYS = tf.compat.v1.GraphKeys
CONTROL_FLOW = {KEYS.COND_CONTEXT, KEYS.WHILE_CONTEXT}
STATE = {KEYS.GLOBAL_VARIABLES, KEYS.MODEL_VARIABLES, *CONTROL_FLOW}
TRAINED_STATE = {*STATE, KEYS.TRAINABLE_VARIABLES, KEYS.REGULARIZATION_LOSSES}
# Neighbours in the graph as it was; gradient functions that only the process which built the graph knew.
FOREIGN_ATTRIBUTES = ("_class", "_gradient_op_type")


class SessionGraph:
    """The graph and its variables, which `global_variables_initializer` gives the values of `checkpoint`.

    Attributes:
      variable_map: the name in the MetaGraph -> the variable, or the parts of a partitioned one.
      variables, trainable_variables: in the order of their names.
    """

    def __init__(self, meta_graph: MetaGraphDef, checkpoint: str, trainable: bool, name: str):
        self._graph = tf.compat.v1.get_default_graph()
        self._meta_graph, self._trainable = meta_graph, trainable
        losses = len(tf.compat.v1.get_collection(KEYS.REGULARIZATION_LOSSES))
        scope = _unused_scope(name)
        *above, self._name = scope.split("/")
        # Not inside of whatever the program is controlling just now.
        with tf.control_dependencies(None), tf.name_scope("".join(f"{part}/" for part in above)):
            self._import(TRAINED_STATE if trainable else STATE, {}, scope)
            self.variable_map = _variables_below(scope)
            self._saver = None
            if self.variable_map:
                tf.compat.v1.train.init_from_checkpoint(checkpoint, self.variable_map)
                self._saver = tf.compat.v1.train.Saver(self.variable_map, sharded=True)
        self._losses = tf.compat.v1.get_collection(KEYS.REGULARIZATION_LOSSES)[losses:]
        self._state = {
            f"{node.name}:0": self._graph.get_tensor_by_name(f"{scope}/{node.name}:0")
            for node in meta_graph.graph_def.node
            if _holds_state(node.op)
        }

    @property
    def variables(self) -> list[tf.Variable]:
        return tf.nest.flatten([self.variable_map[name] for name in sorted(self.variable_map)])

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        trained = {id(variable) for variable in tf.compat.v1.trainable_variables()}
        return [variable for variable in self.variables if id(variable) in trained]

    @property
    def regularization_losses(self) -> list[Callable[[], tf.Tensor]]:
        return [lambda loss=loss: loss for loss in self._losses]

    def __call__(self, inputs: Mapping[str, tf.Tensor], signature: str) -> dict[str, tf.Tensor]:
        """The outputs of the signature by key, of new nodes in the current name scope."""
        definition = self._meta_graph.signature_def[signature]
        fed = self._state | {definition.inputs[key].name: tensor for key, tensor in inputs.items()}
        # Inside a condition or a loop of TensorFlow 1, tensors from outside must enter it.
        context = self._graph._get_control_flow_context()
        if context is not None:
            fed = {name: context.AddValue(tensor) for name, tensor in sorted(fed.items())}
        scope = self._graph.unique_name(f"{self._name}_apply_{re.sub('[:/]', '_', signature)}", False)
        self._import({*CONTROL_FLOW, KEYS.UPDATE_OPS} if self._trainable else CONTROL_FLOW, fed, scope)
        return {
            key: fed[info.name]
            if info.name in fed
            else self._graph.get_tensor_by_name(f"{scope}/{info.name}")
            for key, info in definition.outputs.items()
        }

    def save(self, session: tf.compat.v1.Session, path: str) -> None:
        """Writes the checkpoint of the module, with the values that the session holds."""
        if self._saver is not None:
            self._saver.save(session, path, write_meta_graph=False, write_state=False)

    def _import(self, collections: Iterable[str], fed: Mapping[str, tf.Tensor], scope: str) -> None:
        meta_graph = MetaGraphDef()
        meta_graph.CopyFrom(self._meta_graph)
        # TensorFlow warns at each import when another version is named than its own.
        meta_graph.graph_def.versions.producer = tf.version.GRAPH_DEF_VERSION
        for name in set(meta_graph.collection_def) - set(collections):
            del meta_graph.collection_def[name]
        for node in meta_graph.graph_def.node:
            for attribute in FOREIGN_ATTRIBUTES:
                node.attr.pop(attribute, None)
            # Resource variables of one shared name would be one variable.
            if "shared_name" in node.attr and node.attr["shared_name"].s:
                node.attr["shared_name"].s = f"{scope}/{node.attr['shared_name'].s.decode()}".encode()
            if fed and _holds_state(node.op):
                _stand_aside(node)
        tf.compat.v1.train.import_meta_graph(
            meta_graph, input_map=dict(fed), import_scope=scope.rpartition("/")[2]
        )


def load_into_graph(load: Callable[[], Any], trainable: bool, name: str) -> Any:
    """The module that `load` makes; its variables and losses are where those of a SessionGraph are."""
    *above, last = _unused_scope(name).split("/")
    with (
        tf.control_dependencies(None),
        tf.name_scope("".join(f"{part}/" for part in above)),
        tf.name_scope(last),
    ):
        collection = tf.compat.v1.get_collection_ref(KEYS.TRAINABLE_VARIABLES)
        others = list(collection)
        module = load()
        # Some ways of making a variable put it there, some do not.
        collection[:] = [*others, *(module.trainable_variables if trainable else ())]
        if trainable:
            for loss in module.regularization_losses:
                tf.compat.v1.add_to_collection(KEYS.REGULARIZATION_LOSSES, loss())
    return module


def _unused_scope(name: str) -> str:
    """The scope of variables, "module" or "module_1", inside the current one."""
    with tf.name_scope(_below(tf.compat.v1.get_variable_scope().name)):
        with tf.compat.v1.variable_scope(None, default_name=name, auxiliary_name_scope=False) as scope:
            found = scope.name
        if tf.compat.v1.get_default_graph().unique_name(name, mark_as_used=False) != found:
            raise InputError(
                f"The module cannot be called {name!r}: operations of that name are in the graph already, "
                f"and no variables; give hub.Module another name=."
            )
    return found


def _below(scope: str) -> str:
    return f"{scope}/" if scope else ""


def _variables_below(scope: str) -> dict[str, tf.Variable | list[tf.Variable]]:
    found, parts = {}, {}
    for variable in tf.compat.v1.global_variables(f"{re.escape(scope)}/"):
        name = variable.op.name.removeprefix(f"{scope}/")
        part = variable._get_save_slice_info()
        if part is None:
            found[name] = variable
        else:
            parts.setdefault(name.rpartition("/")[0], []).append((part.var_offset, variable))
    return found | {
        name: [variable for _, variable in sorted(pieces, key=lambda piece: piece[0])]
        for name, pieces in parts.items()
    }


def _holds_state(op: str) -> bool:
    definition = op_def_registry.get(op)
    return definition is not None and definition.is_stateful and not definition.input_arg


def _stand_aside(node: tf.compat.v1.NodeDef) -> None:
    """Makes what is fed a node without a state of its own; nothing reads it."""
    for attribute in [name for name in node.attr if name != "shape"]:
        del node.attr[attribute]
    node.op = "Placeholder"
    node.attr["dtype"].type = tf.resource.as_datatype_enum
