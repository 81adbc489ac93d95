"""TF1 Hub modules made by a function, which can break any promise, and what is found of them."""

import pathlib
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
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
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.inspection.findings import FAILS, HINT, Finding
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings

v1 = tf.compat.v1

# Images and whether to train -> outputs by key, or one tensor, the default output; or these by signature.
Body = Callable[[tf.Tensor, bool], Mapping | tf.Tensor]


def mean(images: tf.Tensor, training: bool) -> tf.Tensor:
    """The body of a module that keeps all promises."""
    return tf.reduce_mean(images, axis=[1, 2])


def hub_module(
    directory: pathlib.Path,
    body: Body = mean,
    signatures: Sequence[str] = ("default", "image_feature_vector"),
    shape: Sequence[int | None] = (None, 8, 8, 3),
    dtype: tf.DType = tf.float32,
    input_name: str = "images",
    attached_size: tuple[int, int] | None = None,
    tags: Sequence[tuple[str, ...]] = ((), ("train",)),
) -> str:
    """Writes a module without variables; all signatures give the same, unless `body` tells them apart."""
    module = SavedModel(saved_model_schema_version=1)
    for names in tags:
        with tf.Graph().as_default():
            images = v1.placeholder(dtype, shape, "input")
            outputs = _outputs(body(images, bool(names)), signatures)
            graph = v1.train.export_meta_graph(collection_list=[], strip_default_attrs=True)
            for name, tensors in outputs.items():
                definition = v1.saved_model.predict_signature_def({input_name: images}, tensors)
                graph.signature_def[name].CopyFrom(definition)
        graph.meta_info_def.tags.extend(names)
        if attached_size:
            _attach(graph, attached_size)
        module.meta_graphs.append(graph)
    files.write_bytes(directory / "saved_model.pb", module.SerializeToString())
    files.write_bytes(directory / "tfhub_module.pb", ModuleDef(format=FORMAT_V3).SerializeToString())
    return str(directory)


def _outputs(given: Mapping | tf.Tensor, signatures: Sequence[str]) -> dict[str, Mapping[str, tf.Tensor]]:
    by_signature = given if isinstance(given, Mapping) and set(given) == set(signatures) else None
    found = by_signature or dict.fromkeys(signatures, given)
    return {name: it if isinstance(it, Mapping) else {"default": it} for name, it in found.items()}


def _attach(graph: MetaGraphDef, size: tuple[int, int]) -> None:
    info = ImageModuleInfo(default_image_size={"height": size[0], "width": size[1]})
    attachment = ModuleAttachment(key=IMAGE_MODULE_INFO, value=info.SerializeToString())
    graph.collection_def[ATTACHMENTS].bytes_list.value.append(attachment.SerializeToString())


def found(handle: str, settings: ModuleSettings = DEFAULTS) -> dict[str, Finding]:
    """What comes of every promise."""
    return check(ExaminedModule(handle, settings))


def verdicts(findings: Mapping[str, Finding], verdict: str) -> dict[str, str]:
    """What was seen where the verdict is that one."""
    return {name: finding.seen for name, finding in findings.items() if finding.verdict == verdict}


def broken(handle: str, settings: ModuleSettings = DEFAULTS) -> dict[str, str]:
    """The promises that fail."""
    findings = found(handle, settings)
    failures = verdicts(findings, FAILS)
    assert conforms(findings) == (not failures)
    return failures


def hints(handle: str, settings: ModuleSettings = DEFAULTS) -> dict[str, str]:
    """The hints about a module that conforms."""
    findings = found(handle, settings)
    assert conforms(findings)
    return verdicts(findings, HINT)
