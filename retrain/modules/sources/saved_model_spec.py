"""The description of a TF2 SavedModel, read from its saved_model.pb: no variable is read and no graph is
built.

What stands for which signature is decided by saved_model, as when it is loaded, over objects of the same
form.
"""

import inspect
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

# How saved functions describe their arguments and results; TensorFlow has no public reader of it.
from tensorflow.python.saved_model import nested_structure_coder

from retrain.errors import InputError
from retrain.modules.image_module import check_has_signature
from retrain.modules.module_spec import INFERENCE, TRAIN, ModuleSpec
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, IMAGES, Signature
from retrain.modules.sources.damage import GRAPH_CUT_SHORT
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE
from retrain.modules.sources.saved_model import functions_by_signature
from retrain.modules.sources.saved_model_methods import Method, read_method

NO_SIGNATURE = "__saved_model_init_op"


class _Trace(NamedTuple):
    """A traced function, with the attributes of a concrete function that describe it."""

    structured_input_signature: Any
    structured_outputs: Any


class _Function:
    """A function of several traces, with the attributes of a restored function that describe it."""

    def __init__(self, argument_names: Sequence[str], concrete_functions: Sequence[_Trace]):
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in argument_names])
        self.concrete_functions = concrete_functions

    def __call__(self) -> None:
        raise TypeError("This describes a function, which has not been loaded.")


class _Root:
    """What tf.saved_model.load would give, as far as it describes functions."""

    def __init__(self, methods: Mapping[str, _Function], signatures: Mapping[str, _Trace]):
        vars(self).update(methods)
        self.signatures = signatures


class _CallableRoot(_Root):
    """A root with a method `__call__`."""

    def __call__(self) -> None:
        raise TypeError("This describes a module, which has not been loaded.")


def read_spec(location: str, handle: str) -> ModuleSpec:
    """Describes the SavedModel in the directory `location`."""
    graph = _graph(pathlib.Path(location, SAVED_MODEL_FILE), handle)
    methods = _methods(graph)
    root = (_CallableRoot if "__call__" in methods else _Root)(methods, _signatures(graph))
    functions = functions_by_signature(root, location, None)
    if not functions:
        check_has_signature(handle, dict.fromkeys(root.signatures), IMAGE_FEATURE_VECTOR)
    described = {name: _described(read_method(function, handle)) for name, function in functions.items()}
    return ModuleSpec(handle, dict.fromkeys((INFERENCE, TRAIN), described))


def _graph(path: pathlib.Path, handle: str) -> MetaGraphDef:
    saved_model = SavedModel()
    try:
        saved_model.ParseFromString(path.read_bytes())
    except DecodeError:
        saved_model.Clear()
    if len(saved_model.meta_graphs) > 1:
        raise InputError(
            f"{handle!r} cannot be loaded: its {SAVED_MODEL_FILE} holds several graphs, and is no TF2 "
            f"SavedModel; export the module again."
        )
    if not saved_model.meta_graphs:
        raise InputError(f"{handle!r} cannot be loaded: {GRAPH_CUT_SHORT}.")
    return saved_model.meta_graphs[0]


def _methods(graph: MetaGraphDef) -> dict[str, _Function]:
    nodes = graph.object_graph_def.nodes
    children = {child.local_name: nodes[child.node_id] for child in nodes[0].children} if nodes else {}
    return {
        name: _function(node.function, graph.object_graph_def.concrete_functions)
        for name, node in children.items()
        if node.HasField("function") and node.function.concrete_functions
    }


def _function(function: Any, concrete_functions: Mapping[str, Any]) -> _Function:
    arguments = nested_structure_coder.decode_proto(function.function_spec.fullargspec).args
    traces = [
        _Trace(
            nested_structure_coder.decode_proto(concrete_functions[name].canonicalized_input_signature),
            nested_structure_coder.decode_proto(concrete_functions[name].output_signature),
        )
        for name in function.concrete_functions
    ]
    return _Function(arguments[1:] if function.function_spec.is_method else arguments, traces)


def _signatures(graph: MetaGraphDef) -> dict[str, _Trace]:
    return {
        name: _Trace(((), _specs(signature.inputs)), _specs(signature.outputs))
        for name, signature in graph.signature_def.items()
        if name != NO_SIGNATURE
    }


def _specs(tensors: Mapping[str, Any]) -> dict[str, tf.TensorSpec]:
    return {
        key: tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype), name=key)
        for key, info in tensors.items()
    }


def _described(method: Method) -> Signature:
    images = method.images[0]
    return Signature({IMAGES: tf.TensorSpec(images.shape, images.dtype, name=IMAGES)}, dict(method.outputs))
