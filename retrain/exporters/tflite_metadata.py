"""What a TFLite file says of itself: its signature, how images are to be scaled, what classes are called.

MediaPipe Tasks reads it, and any viewer of TFLite files. Source of the tables and their numbered fields:
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/tasks/metadata/metadata_schema.fbs. The
files of labels are a ZIP archive behind the model's own bytes.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

NAME, IDENTIFIER, MODEL_IDENTIFIER = b"TFLITE_METADATA", b"M001", b"TFL3"
# Members of enumerations and unions of the schema.
RGB, IMAGE_PROPERTIES, NORMALIZATION, AXIS_LABELS = 1, 2, 1, 2
MEAN, STD = 0.0, 255.0  # what makes values in [0, 1] of bytes

Table = Mapping[int, object]  # number of a field -> text, a byte, a table, a list of tables or of floats


def with_metadata(
    model: bytes, keys: Sequence[str], labels: Mapping[str, tuple[str, Sequence[str]]], description: str
) -> bytes:
    """The model with a signature `serving_default` and metadata.

    Args:
      keys: what the outputs are called, in their order; the input is `images`.
      labels: of those outputs that are probabilities, the name of a file, and the classes in it.
    """
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    graph = tree.subgraphs[0]
    tree.signatureDefs = [_signature(graph, keys)]
    for key, index in zip(keys, graph.outputs, strict=True):
        graph.tensors[index].name = key.encode()
    metadata, buffer = schema.MetadataT(), schema.BufferT()
    buffer.data = _packed(_about(keys, labels, description))
    metadata.name, metadata.buffer = NAME, len(tree.buffers)
    tree.buffers.append(buffer)
    tree.metadata = [*(tree.metadata or ()), metadata]
    builder = flatbuffers.Builder(len(model) + 4096)
    builder.Finish(tree.Pack(builder), file_identifier=MODEL_IDENTIFIER)
    return _followed_by_files(bytes(builder.Output()), labels)


def _signature(graph: schema.SubGraphT, keys: Sequence[str]) -> schema.SignatureDefT:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [_named(b"images", graph.inputs[0])]
    signature.outputs = [_named(key.encode(), index) for key, index in zip(keys, graph.outputs, strict=True)]
    return signature


def _named(name: bytes, index: int) -> schema.TensorMapT:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor


def _about(keys: Sequence[str], labels: Mapping[str, tuple[str, Sequence[str]]], description: str) -> Table:
    """ModelMetadata, one SubGraphMetadata, and of each tensor a TensorMetadata."""
    scaling = {0: NORMALIZATION, 1: {0: [MEAN], 1: [STD]}}
    images = {0: "images", 3: {0: IMAGE_PROPERTIES, 1: {0: RGB}}, 4: [scaling], 5: {0: [1.0], 1: [0.0]}}
    outputs = []
    for key in keys:
        files = [{0: labels[key][0], 2: AXIS_LABELS}] if key in labels else []
        outputs.append({0: key, 5: {0: [1.0], 1: [0.0]}, **({6: files} if files else {})})
    return {0: "retrain", 1: description, 3: [{2: [images], 3: outputs}]}


def _packed(table: Table) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, table), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _write(builder: flatbuffers.Builder, value: object) -> int:
    """Where a text, a vector or a table begins, once what it is made of is written."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, list):
        return _vector(builder, value)
    places = {field: of if isinstance(of, int) else _write(builder, of) for field, of in value.items()}
    builder.StartObject(1 + max(value))
    for field, place in places.items():
        if isinstance(value[field], int):
            builder.PrependUint8Slot(field, place, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(field, place, 0)
    return builder.EndObject()


def _vector(builder: flatbuffers.Builder, values: list[object]) -> int:
    are_numbers = isinstance(values[0], float)
    places = values if are_numbers else [_write(builder, value) for value in values]
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        (builder.PrependFloat32 if are_numbers else builder.PrependUOffsetTRelative)(place)
    return builder.EndVector()


def _followed_by_files(model: bytes, labels: Mapping[str, tuple[str, Sequence[str]]]) -> bytes:
    file = io.BytesIO(model)
    with zipfile.ZipFile(file, "a") as archive:
        for name, classes in labels.values():
            archive.writestr(zipfile.ZipInfo(name), "".join(f"{one}\n" for one in classes))
    return file.getvalue()
