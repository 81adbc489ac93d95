"""A classifier as a module of the TF1 Hub format, for programs that use hub.Module, whatever its base is.

Source of the format: https://www.tensorflow.org/hub/tf1_hub_module. The graph without tags is for inference,
that with the tag "train" for fine-tuning: there batch norm uses the batch, UPDATE_OPS holds its updates,
REGULARIZATION_LOSSES the module's penalties. Both share their variables, all of them resource variables. The
signatures are image_feature_vector, image_classification (logits of the first task) and, the same, default;
image_classification:TASK gives the logits of another task, by its plain name, serving_default the
probabilities of all of them, by their own names. Where familiarity is told, serving_default gives it, too,
and image_classification:familiarity beside the logits of all tasks. The graph for inference refuses values
outside of [0, 1].
"""

import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain.exporters import AS_USUAL, ExportOptions
from retrain.exporters.documents import write_documents
from retrain.exporters.pure_classifier import PureClassifier, pure_classifier
from retrain.exporters.stored_familiarity import write_familiarity
from retrain.familiarity import FAMILIARITY
from retrain.files import new_directory, write_bytes
from retrain.model import ImageClassifier
from retrain.modules.graphs import protos
from retrain.modules.graphs.graph_part import Part, cut
from retrain.modules.graphs.pixel_range import in_range
from retrain.modules.graphs.pure_graph import Update
from retrain.modules.module_spec import INFERENCE, TRAIN, Tags
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
    SERVING_SIGNATURE,
)
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE, TF1_HUB_FILE
from retrain.modules.sources.tf1_hub_files import CHECKPOINT
from retrain.plain_name import plain_name

KEYS = tf.compat.v1.GraphKeys
# hub.Module refuses a module with any other collection.
COLLECTIONS = [KEYS.GLOBAL_VARIABLES, KEYS.TRAINABLE_VARIABLES, KEYS.UPDATE_OPS, KEYS.REGULARIZATION_LOSSES]
UPDATES = {
    "assign": tf.raw_ops.AssignVariableOp,
    "assign_add": tf.raw_ops.AssignAddVariableOp,
    "assign_sub": tf.raw_ops.AssignSubVariableOp,
}


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    graphs = {tags: _graph(classifier, training=tags == TRAIN) for tags in (INFERENCE, TRAIN)}
    variables = _named_variables(classifier, graphs.values())
    declared = _declared(classifier, variables)
    module = SavedModel(saved_model_schema_version=1)
    for tags, graph in graphs.items():
        module.meta_graphs.append(_meta_graph(classifier, graph, variables, declared, tags))
    with new_directory(directory) as partial:
        _write_variables({name: variable.numpy() for name, variable in variables.items()}, partial)
        write_bytes(os.path.join(partial, SAVED_MODEL_FILE), module.SerializeToString())
        definition = protos.ModuleDef(format=protos.FORMAT_V3)
        write_bytes(os.path.join(partial, TF1_HUB_FILE), definition.SerializeToString())
        serving = {IMAGES: SERVING_SIGNATURE}
        write_documents(classifier, _signature_names(classifier), partial, serving, options.of_run)
        write_familiarity(classifier.familiarity, partial)


class _Graph(NamedTuple):
    """The classifier as a pure graph, and its part that gives features, logits, penalties and updates."""

    pure: PureClassifier
    updates: Sequence[Update]
    part: Part

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The variables that the part uses or updates, by the nodes that stand for them."""
        used = {*self.part.fed, *(update.variable for update in self.updates)}
        return {node: variable for node, variable in self.pure.variables.items() if node in used}


def _graph(classifier: ImageClassifier, training: bool) -> _Graph:
    pure = pure_classifier(classifier, training)
    updates = list(pure.graph.updates.values())
    fetches = [pure.features, *pure.logits.values(), *pure.penalties, *(update.value for update in updates)]
    return _Graph(pure, updates, cut(pure.graph, [pure.images], fetches, classifier.handle))


def _named_variables(classifier: ImageClassifier, graphs: Iterable[_Graph]) -> dict[str, tf.Variable]:
    """The variables that a graph uses; of sources whose variables have equal names, these are numbered."""
    used = {id(variable) for graph in graphs for variable in graph.variables.values()}
    heads = {id(variable) for variable in classifier.head_variables}
    named = {}
    for variable in classifier.variables:
        if id(variable) in used:
            scope = "head" if id(variable) in heads else "module"
            # What a scope of TensorFlow 1 may be called.
            wanted = re.sub(r"[^A-Za-z0-9_.\-/]", "_", f"{scope}/{variable.name.partition(':')[0]}")
            names = (f"{wanted}_{count}" if count else wanted for count in itertools.count())
            named[next(name for name in names if name not in named)] = variable
    return named


def _declared(classifier: ImageClassifier, variables: Mapping[str, tf.Variable]) -> MetaGraphDef:
    """A graph of the variables alone: what takes long is to make them, not to copy it."""
    trained = (*classifier.base.trainable_variables, *classifier.head_variables)
    trainable = {id(variable) for variable in trained}
    with tf.Graph().as_default():
        for name, variable in variables.items():
            _declare(name, variable, id(variable) in trainable)
        return tf.compat.v1.train.export_meta_graph(collection_list=COLLECTIONS)


def _meta_graph(
    classifier: ImageClassifier,
    graph: _Graph,
    variables: Mapping[str, tf.Variable],
    declared: MetaGraphDef,
    tags: Tags,
) -> MetaGraphDef:
    """One graph of the module, with the variables of both: a consumer restores all from either."""
    with tf.Graph().as_default() as made:
        tf.graph_util.import_graph_def(declared.graph_def, name="")
        images = tf.compat.v1.placeholder(tf.float32, [None, *classifier.image_size, 3], IMAGES)
        taken = images if tags == TRAIN else in_range(images)
        handles = {id(variable): made.get_tensor_by_name(f"{name}:0") for name, variable in variables.items()}
        own = {node: handles[id(variable)] for node, variable in graph.variables.items()}
        values = {
            node: tf.raw_ops.ReadVariableOp(resource=own[node], dtype=graph.variables[node].dtype)
            for node in graph.part.fed
            if node in own
        }
        features, *rest = graph.part({graph.pure.images: taken} | values)
        logits = dict(zip(graph.pure.logits, rest, strict=False))
        rest = rest[len(logits) :]
        penalties, new_values = rest[: len(graph.pure.penalties)], rest[len(graph.pure.penalties) :]
        for penalty in penalties:
            tf.compat.v1.add_to_collection(KEYS.REGULARIZATION_LOSSES, penalty)
        for update, value in zip(graph.updates, new_values, strict=True):
            operation = UPDATES[update.method](resource=own[update.variable], value=value)
            tf.compat.v1.add_to_collection(KEYS.UPDATE_OPS, operation)
        outputs = _outputs(classifier, features, logits)
        exported = tf.compat.v1.train.export_meta_graph(collection_list=COLLECTIONS, strip_default_attrs=True)
    for key, names in declared.collection_def.items():
        exported.collection_def[key].CopyFrom(names)
    _describe(exported, tags, images, outputs, classifier.image_size)
    return exported


def _outputs(
    classifier: ImageClassifier, features: tf.Tensor, logits: Mapping[str, tf.Tensor]
) -> dict[str, dict[str, tf.Tensor]]:
    """The outputs of each signature, by key; `logits` by task."""
    names = _signature_names(classifier)
    outputs = {
        **{names[task]: {DEFAULT_OUTPUT: output} for task, output in logits.items()},
        IMAGE_FEATURE_VECTOR: {DEFAULT_OUTPUT: features},
        DEFAULT_SIGNATURE: {DEFAULT_OUTPUT: logits[classifier.primary_task]},
        SERVING_SIGNATURE: classifier.probabilities(logits),
    }
    if classifier.familiarity is not None:
        told = classifier.logits_and_familiarity(features, logits)
        outputs[names[FAMILIARITY]] = told
        outputs[SERVING_SIGNATURE][FAMILIARITY] = told[FAMILIARITY]
    return outputs


def _signature_names(classifier: ImageClassifier) -> dict[str, str]:
    """The signature of each task's logits, by task, and of familiarity beside all of them.

    hub.Module makes a scope of the name, in which it replaces ":" and finds nothing behind "/" (0.15,
    module.py:257 and native_module.py:592).
    """
    others = {name: f"{IMAGE_CLASSIFICATION}:{plain_name(name)}" for name in (*classifier.heads, FAMILIARITY)}
    return {**others, classifier.primary_task: IMAGE_CLASSIFICATION}


def _declare(name: str, variable: tf.Variable, trainable: bool) -> None:
    tf.compat.v1.get_variable(
        name,
        variable.shape,
        variable.dtype,
        tf.compat.v1.zeros_initializer(),
        trainable=trainable,
        use_resource=True,
    )


def _describe(
    graph: MetaGraphDef,
    tags: Tags,
    images: tf.Tensor,
    outputs: Mapping[str, Mapping[str, tf.Tensor]],
    image_size: tuple[int, int],
) -> None:
    """Gives the graph its tags, signatures and image size, and frees it of devices."""
    graph.meta_info_def.tags.extend(sorted(tags))
    for name, by_key in outputs.items():
        infos = {key: _info(output) for key, output in by_key.items()}
        graph.signature_def[name].CopyFrom(SignatureDef(inputs={IMAGES: _info(images)}, outputs=infos))
    height, width = image_size
    info = protos.ImageModuleInfo(default_image_size={"height": height, "width": width})
    attachment = protos.ModuleAttachment(key=protos.IMAGE_MODULE_INFO, value=info.SerializeToString())
    graph.collection_def[protos.ATTACHMENTS].bytes_list.value.append(attachment.SerializeToString())
    for node in graph.graph_def.node:
        node.device = ""


def _info(tensor: tf.Tensor) -> TensorInfo:
    return TensorInfo(
        name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto()
    )


def _write_variables(values: Mapping[str, np.ndarray], directory: str) -> None:
    prefix = os.path.join(directory, CHECKPOINT)
    os.makedirs(os.path.dirname(prefix))
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
