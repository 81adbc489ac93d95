"""A module of the TF1 Hub format small enough to know every answer: features are the mean RGB times a factor.

Written as TensorFlow 1 did, with reference variables unless told otherwise; no genuine library is needed.
"""

import pathlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain import files
from retrain.modules.graphs.protos import (
    ATTACHMENTS,
    FORMAT_V3,
    IMAGE_MODULE_INFO,
    ImageModuleInfo,
    ModuleAttachment,
    ModuleDef,
)

v1 = tf.compat.v1
KEYS = v1.GraphKeys
COLLECTIONS = [
    *(KEYS.GLOBAL_VARIABLES, KEYS.TRAINABLE_VARIABLES, KEYS.UPDATE_OPS, KEYS.REGULARIZATION_LOSSES),
    *(KEYS.ASSET_FILEPATHS, KEYS.TABLE_INITIALIZERS),
]
SIGNATURES = ("default", "image_feature_vector")

# What else a graph does with images and the variable `scale`: returns what is added to the features.
Extra = Callable[[tf.Tensor, tf.Variable], tf.Tensor]


def averaging_module(
    directory: pathlib.Path,
    factor: float = 1.0,
    size: tuple[int | None, int | None] = (8, 8),
    attached_size: tuple[int, int] | None = None,
    signatures: Mapping[str, float] = MappingProxyType(dict.fromkeys(SIGNATURES, 1.0)),
    tags: tuple[tuple[str, ...], ...] = ((), ("train",)),
    use_resource: bool = False,
    extra: Extra | None = None,
    collections: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> str:
    """Writes the module: signatures (name -> factor) of the mean RGB, and `Mean/pixels`, spatial, beside it.

    It has a trainable `scale` of `factor`, a moving `average` (decay 0.9) of what it was trained on, and one
    regularization loss, the sum of `scale`.
    """
    values = {"scale": tf.fill([3], factor), "average": tf.zeros([3])}
    module = SavedModel(saved_model_schema_version=1)
    for names in tags:
        with tf.Graph().as_default():
            module.meta_graphs.append(_graph(names, size, signatures, use_resource, extra, collections))
    if attached_size:
        info = ImageModuleInfo(default_image_size=dict(zip(("height", "width"), attached_size, strict=True)))
        attached = ModuleAttachment(key=IMAGE_MODULE_INFO, value=info.SerializeToString())
        for graph in module.meta_graphs:
            graph.collection_def[ATTACHMENTS].bytes_list.value.append(attached.SerializeToString())
    directory.mkdir(parents=True, exist_ok=True)
    write_checkpoint(directory, values)
    files.write_bytes(directory / "saved_model.pb", module.SerializeToString())
    files.write_bytes(directory / "tfhub_module.pb", ModuleDef(format=FORMAT_V3).SerializeToString())
    return str(directory)


def write_checkpoint(directory: pathlib.Path, values: Mapping[str, tf.Tensor]) -> None:
    (directory / "variables").mkdir(exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(directory / "variables" / "variables"),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )


def _graph(names, size, signatures, use_resource, extra, collections):
    images = v1.placeholder(tf.float32, [None, *size, 3], "hub_input/images")
    variable = {"initializer": tf.zeros([3]), "use_resource": use_resource}
    scale = v1.get_variable("scale", **variable)
    average = v1.get_variable("average", trainable=False, **variable)
    v1.add_to_collection(KEYS.REGULARIZATION_LOSSES, tf.reduce_sum(scale))
    if "train" in names:
        change = 0.1 * (average - tf.reduce_mean(images, axis=[0, 1, 2]))
        v1.add_to_collection(KEYS.UPDATE_OPS, v1.assign_sub(average, change).op)
    features = tf.reduce_mean(images, axis=[1, 2]) * scale
    if extra is not None:
        features += extra(images, scale)
    for collection, values in collections.items():
        for value in values:
            v1.add_to_collection(collection, tf.constant(value))
    pixels = tf.identity(images * scale, "pixels")
    kept = [name for name in COLLECTIONS if v1.get_collection(name)]
    graph = v1.train.export_meta_graph(collection_list=kept, strip_default_attrs=True)
    graph.meta_info_def.tags.extend(names)
    for name, factor in signatures.items():
        outputs = {"default": factor * features, "Mean/pixels": pixels}
        graph.graph_def.CopyFrom(v1.get_default_graph().as_graph_def(add_shapes=True))
        inputs = {"images": images}
        graph.signature_def[name].CopyFrom(
            v1.saved_model.signature_def_utils.predict_signature_def(inputs, outputs)
        )
    return graph
