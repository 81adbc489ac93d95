"""What lies in the directory of a TF1 Hub module, read and checked without building a graph.

`tfhub_module.pb` names the format; `saved_model.pb` holds a MetaGraph for each set of tags, as a rule [] for
inference and ["train"]; `variables/` is a checkpoint. Source of the format:
https://www.tensorflow.org/hub/tf1_hub_module. What the graphs compute is left to tf1_hub.
"""

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework.variable_pb2 import SaveSliceInfoDef, VariableDef
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.core.protobuf.struct_pb2 import StructuredValue

# How files describe ragged tensors; TensorFlow has no public reader of it.
from tensorflow.python.saved_model import nested_structure_coder

from retrain.errors import InputError
from retrain.modules.graphs import protos
from retrain.modules.graphs.pure_graph import node_name
from retrain.modules.image_module import MOVING
from retrain.modules.module_spec import INFERENCE, ModuleSpec, Tags
from retrain.modules.signatures import DEFAULT_OUTPUT, Signature
from retrain.modules.sources.damage import GRAPH_CUT_SHORT, GRAPH_DAMAGED, variables_cut_short
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE, TF1_HUB_FILE

UPDATES, PENALTIES = "update_ops", "regularization_losses"
VARIABLES, TRAINABLE = "variables", "trainable_variables"
CHECKPOINT = pathlib.Path("variables", "variables")
# Collections of what is no image module's business: files, and tables made of them.
REFUSED_COLLECTIONS = {"asset_filepaths": "asset files", "table_initializer": "lookup tables"}


def read_graphs(location: str, handle: str) -> dict[Tags, MetaGraphDef]:
    """The MetaGraphs of a module by their tags; that for inference is always there."""
    _check_format(pathlib.Path(location, TF1_HUB_FILE), handle)
    saved_model = SavedModel()
    try:
        saved_model.ParseFromString(pathlib.Path(location, SAVED_MODEL_FILE).read_bytes())
    except DecodeError as error:
        raise _cut_short(handle) from error
    if not saved_model.meta_graphs:
        raise _cut_short(handle)
    graphs = {frozenset(graph.meta_info_def.tags): graph for graph in saved_model.meta_graphs}
    if INFERENCE not in graphs:
        found = ", ".join(str(sorted(tags)) for tags in graphs)
        raise InputError(
            f"{handle!r} cannot be loaded: a TF1 Hub module has a graph without tags, and its "
            f"{SAVED_MODEL_FILE} has only those with the tags {found}; export the module again."
        )
    for graph in graphs.values():
        _check_whole(graph, handle)
        _check_collections(graph, handle)
    return graphs


def read_spec(location: str, handle: str) -> ModuleSpec:
    """Describes the TF1 Hub module in the directory `location`: all its signatures, whatever they take."""
    graphs = read_graphs(location, handle)
    described = {
        tags: {
            name: described_signature(definition) for name, definition in sorted(graph.signature_def.items())
        }
        for tags, graph in graphs.items()
    }
    attachments = {tags: _attachments(graph) for tags, graph in graphs.items()}
    return ModuleSpec(handle, described, attached_image_size(graphs[INFERENCE]), attachments)


def described_signature(definition: SignatureDef) -> Signature:
    """Inputs and outputs of a signature, the output `default` first."""
    keys = sorted(definition.outputs, key=lambda key: (key != DEFAULT_OUTPUT, key))
    return Signature(
        {key: tensor_spec(info, key) for key, info in sorted(definition.inputs.items())},
        {key: tensor_spec(definition.outputs[key]) for key in keys},
    )


def tensor_spec(info: TensorInfo, name: str | None = None) -> tf.TypeSpec:
    """Shape and type of a tensor in a graph, or of the several that are a sparse or a ragged one."""
    if info.HasField("composite_tensor"):
        return nested_structure_coder.decode_proto(
            StructuredValue(type_spec_value=info.composite_tensor.type_spec)
        )
    if info.HasField("coo_sparse"):
        return tf.SparseTensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype))
    return tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype), name)


def attached_image_size(graph: MetaGraphDef) -> tuple[int, int] | None:
    """The (height, width) that the publisher attached to the graph, or None."""
    info = protos.ImageModuleInfo.FromString(_attachments(graph).get(protos.IMAGE_MODULE_INFO, b""))
    size = info.default_image_size
    return (size.height, size.width) if size.height and size.width else None


def _attachments(graph: MetaGraphDef) -> dict[str, bytes]:
    """The serialized messages that the publisher attached to the graph, by key."""
    if protos.ATTACHMENTS not in graph.collection_def:
        return {}
    contents = graph.collection_def[protos.ATTACHMENTS].bytes_list.value
    return {each.key: each.value for each in map(protos.ModuleAttachment.FromString, contents)}


def collected(graph: MetaGraphDef, collection: str) -> list[str]:
    """The names of the nodes or tensors in a collection of the graph."""
    return (
        list(graph.collection_def[collection].node_list.value) if collection in graph.collection_def else []
    )


def variable_names(graph: MetaGraphDef, collection: str) -> dict[str, SaveSliceInfoDef | None]:
    """The nodes of the variables in a collection, and which slice of a partitioned one each is."""
    if collection not in graph.collection_def:
        return {}
    found = map(VariableDef.FromString, graph.collection_def[collection].bytes_list.value)
    return {
        variable.variable_name.partition(":")[0]: (
            variable.save_slice_info_def if variable.HasField("save_slice_info_def") else None
        )
        for variable in found
    }


def make_variables(
    location: str, handle: str, graphs: Sequence[MetaGraphDef], trainable: bool = True
) -> dict[str, tf.Variable]:
    """The variables of the graphs by name; those that the graphs train are, unless `trainable` is False."""
    names = {name: part for graph in graphs for name, part in variable_names(graph, VARIABLES).items()}
    trained = {name for graph in graphs for name in variable_names(graph, TRAINABLE)}
    return {
        name: tf.Variable(
            value,
            trainable=trainable and name in trained,
            name=name,
            **(MOVING if name not in trained and np.issubdtype(value.dtype, np.floating) else {}),
        )
        for name, value in read_values(location, handle, names).items()
    }


def read_values(
    location: str, handle: str, variables: Mapping[str, SaveSliceInfoDef | None]
) -> dict[str, np.ndarray]:
    """The values of variables, by name, from the module's checkpoint."""
    if not variables:
        return {}
    try:
        checkpoint = tf.train.load_checkpoint(str(pathlib.Path(location, CHECKPOINT)))
        shapes = checkpoint.get_variable_to_shape_map()
        _check_has_all(handle, shapes, variables)
        return {name: _value(checkpoint, name, part) for name, part in variables.items()}
    # A data file that is too short shows as an IndexError, a missing one as any of the others.
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{handle!r} cannot be loaded: {variables_cut_short(location)}.") from error


def _check_format(path: pathlib.Path, handle: str) -> None:
    try:
        definition = protos.ModuleDef.FromString(path.read_bytes())
    except DecodeError as error:
        raise InputError(
            f"{handle!r} cannot be loaded: its {TF1_HUB_FILE} is damaged; fetch or export the module again."
        ) from error
    if definition.format != protos.FORMAT_V3:
        raise InputError(
            f"{handle!r} is a TF1 Hub module of format version {definition.format}, and only version "
            f"{protos.FORMAT_V3} is read; export it again with tensorflow-hub 0.1 or newer."
        )
    if definition.required_features:
        listed = ", ".join(definition.required_features)
        raise InputError(
            f"{handle!r} requires features of its reader that are unknown here ({listed}); use a module "
            f"without them."
        )


def _cut_short(handle: str) -> InputError:
    return InputError(f"{handle!r} cannot be loaded: {GRAPH_CUT_SHORT}.")


def _check_whole(graph: MetaGraphDef, handle: str) -> None:
    """InputError where something names a node that is not there, or a variable is not described."""
    names = {node.name for node in graph.graph_def.node}
    named = {key for node in graph.graph_def.node for key in node.input}
    named |= {*collected(graph, UPDATES), *collected(graph, PENALTIES)}
    for signature in graph.signature_def.values():
        named |= {info.name for info in (*signature.inputs.values(), *signature.outputs.values())}
    is_whole = names.issuperset(map(node_name, named - {""}))  # which composite tensors have for a name
    try:
        for collection in (VARIABLES, TRAINABLE):
            is_whole = is_whole and names.issuperset(variable_names(graph, collection))
    except DecodeError:
        is_whole = False
    if not is_whole:
        raise InputError(f"{handle!r} cannot be loaded: {GRAPH_DAMAGED}.")


def _check_collections(graph: MetaGraphDef, handle: str) -> None:
    for collection, what in REFUSED_COLLECTIONS.items():
        if collection in graph.collection_def:
            raise InputError(
                f"{handle!r} uses {what} (the collection {collection!r}), which image modules do without; "
                f"use a module that computes its outputs from images and variables alone."
            )


def _check_has_all(
    handle: str, shapes: Iterable[str], variables: Mapping[str, SaveSliceInfoDef | None]
) -> None:
    names = [part.full_name if part else name for name, part in variables.items()]
    lacking = sorted(set(names) - set(shapes))
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise InputError(
            f"{handle!r} cannot be loaded: its checkpoint lacks the variable {lacking[0]!r}{more}; fetch or "
            f"export the module again."
        )


def _value(checkpoint: Any, name: str, part: SaveSliceInfoDef | None) -> np.ndarray:
    if part is None:
        return checkpoint.get_tensor(name)
    bounds = zip(part.var_offset, part.var_shape, strict=True)
    return checkpoint.get_tensor(part.full_name)[tuple(slice(start, start + size) for start, size in bounds)]
