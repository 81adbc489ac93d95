"""A classifier as a module of the TF1 Hub format, for programs that use hub.Module, whatever it was retrained from.

Source of the format: https://www.tensorflow.org/hub/tf1_hub_module. The graph without tags is for inference, that
with the tag "train" for fine-tuning: there batch norm uses the batch, UPDATE_OPS holds its updates,
REGULARIZATION_LOSSES the module's penalties. Both share their variables, all of them resource variables. The
signatures are image_feature_vector, image_classification (logits of the first task) and, the same, default.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain.export.documents import write_documents
from retrain.export.pure_classifier import PureClassifier, pure_classifier
from retrain.files import new_directory, write_bytes
from retrain.model import ImageClassifier
from retrain.modules.protos import (
    ATTACHMENTS,
    FORMAT_V3,
    IMAGE_MODULE_INFO,
    ImageModuleInfo,
    ModuleAttachment,
    ModuleDef,
)
from retrain.modules.pure_graph import part
from retrain.modules.resolve import SAVED_MODEL_FILE, TF1_HUB_FILE
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
)
from retrain.modules.tf1_hub_files import CHECKPOINT, INFERENCE, TRAIN, Tags

KEYS = tf.compat.v1.GraphKeys
# hub.Module refuses a module with any other collection.
COLLECTIONS = [KEYS.GLOBAL_VARIABLES, KEYS.TRAINABLE_VARIABLES, KEYS.UPDATE_OPS, KEYS.REGULARIZATION_LOSSES]

Names = Mapping[int, str]


def write(classifier: ImageClassifier, directory: str) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    pure = {tags: pure_classifier(classifier, training=tags == TRAIN) for tags in (INFERENCE, TRAIN)}
    names = _variable_names(classifier, pure.values())
    variables = {names[id(variable)]: variable for variable in classifier.variables if id(variable) in names}
    trainable = {id(variable) for variable in (*classifier.base.trainable_variables, *classifier.head_variables)}
    module = SavedModel(saved_model_schema_version=1)
    for tags, graph in pure.items():
        module.meta_graphs.append(_meta_graph(classifier, graph, names, trainable, tags))
    with new_directory(directory) as partial:
        _write_variables({name: variable.numpy() for name, variable in variables.items()}, partial)
        write_bytes(os.path.join(partial, SAVED_MODEL_FILE), module.SerializeToString())
        write_bytes(os.path.join(partial, TF1_HUB_FILE), ModuleDef(format=FORMAT_V3).SerializeToString())
        write_documents(classifier, partial)


def _variable_names(classifier: ImageClassifier, graphs: Iterable[PureClassifier]) -> dict[int, str]:
    """Names for the variables that a graph uses, by id; those of several sources may have equal ones."""
    used = {id(variable) for graph in graphs for variable in graph.variables.values()}
    heads = {id(variable) for variable in classifier.head_variables}
    names, taken = {}, set()
    for variable in classifier.variables:
        if id(variable) in used:
            scope = "head" if id(variable) in heads else "module"
            # What a scope of TensorFlow 1 may be called.
            wanted = re.sub(r"[^A-Za-z0-9_.\-/]", "_", f"{scope}/{variable.name.partition(':')[0]}")
            name, count = wanted, 0
            while name in taken:
                count += 1
                name = f"{wanted}_{count}"
            names[id(variable)] = name
            taken.add(name)
    return names


def _meta_graph(
    classifier: ImageClassifier, pure: PureClassifier, names: Names, trainable: set[int], tags: Tags
) -> MetaGraphDef:
    """One graph of the module, with the variables of both: a consumer restores all from either."""
    update_list = list(pure.graph.updates.values())
    fetches = [pure.features, pure.logits, *pure.penalties, *(update.value for update in update_list)]
    cut = part(pure.graph, [pure.images], fetches, classifier.handle)
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, *classifier.image_size, 3], IMAGES)
        made = {
            key: _variable(names[key], variable, key in trainable)
            for variable in classifier.variables
            if (key := id(variable)) in names
        }
        fed = {node: made[id(variable)] for node, variable in pure.variables.items()}
        values = {node: fed[node].read_value() for node in cut.fed if node in fed}
        features, logits, *rest = cut({pure.images: images} | values)
        for penalty in rest[: len(pure.penalties)]:
            tf.compat.v1.add_to_collection(KEYS.REGULARIZATION_LOSSES, penalty)
        for update, value in zip(update_list, rest[len(pure.penalties) :], strict=True):
            operation = getattr(fed[update.variable], update.method)(value, read_value=False)
            tf.compat.v1.add_to_collection(KEYS.UPDATE_OPS, operation)
        exported = tf.compat.v1.train.export_meta_graph(collection_list=COLLECTIONS, strip_default_attrs=True)
    return _described(exported, classifier, tags, images, features, logits)


def _variable(name: str, variable: tf.Variable, trainable: bool) -> Any:
    return tf.compat.v1.get_variable(
        name,
        variable.shape,
        variable.dtype,
        tf.compat.v1.zeros_initializer(),
        trainable=trainable,
        use_resource=True,
    )


def _described(
    graph: MetaGraphDef,
    classifier: ImageClassifier,
    tags: Tags,
    images: tf.Tensor,
    features: tf.Tensor,
    logits: tf.Tensor,
) -> MetaGraphDef:
    """The graph with its tags, signatures and image size, bound to no device."""
    graph.meta_info_def.tags.extend(sorted(tags))
    outputs = {IMAGE_FEATURE_VECTOR: features, IMAGE_CLASSIFICATION: logits, DEFAULT_SIGNATURE: logits}
    for name, output in outputs.items():
        signature = SignatureDef(inputs={IMAGES: _info(images)}, outputs={DEFAULT_OUTPUT: _info(output)})
        graph.signature_def[name].CopyFrom(signature)
    height, width = classifier.image_size
    info = ImageModuleInfo(default_image_size={"height": height, "width": width})
    attachment = ModuleAttachment(key=IMAGE_MODULE_INFO, value=info.SerializeToString())
    graph.collection_def[ATTACHMENTS].bytes_list.value.append(attachment.SerializeToString())
    for node in graph.graph_def.node:
        node.device = ""
    return graph


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
