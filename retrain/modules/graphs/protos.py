"""The messages that only the TF1 Hub format has: ModuleDef, ModuleAttachment, ImageModuleInfo. Without
TensorFlow.

Source of names and field numbers: module_def.proto, module_attachment.proto and image_module_info.proto of
https://github.com/tensorflow/hub at v0.15.0. `tfhub_module.pb` is a ModuleDef; each graph of saved_model.pb
holds ModuleAttachments in the collection ATTACHMENTS, of which that with the key IMAGE_MODULE_INFO is an
ImageModuleInfo.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FORMAT_V3 = 3
ATTACHMENTS = "hub_module_attachments"
IMAGE_MODULE_INFO = "image_module_info"

_PACKAGE = "tensorflow_hub"
_Field = descriptor_pb2.FieldDescriptorProto


def _field(
    name: str, number: int, kind: int, repeated: bool = False, message: str = ""
) -> descriptor_pb2.FieldDescriptorProto:
    label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    type_name = f".{_PACKAGE}.{message}" if message else None
    return _Field(name=name, number=number, type=kind, label=label, type_name=type_name)


# What is the same on the wire is simpler here: the enum ModuleDef.Format an int32, InputSize not nested.
_MESSAGES = {
    "ModuleDef": [
        _field("format", 1, _Field.TYPE_INT32),
        _field("required_features", 2, _Field.TYPE_STRING, repeated=True),
    ],
    "ModuleAttachment": [_field("key", 1, _Field.TYPE_STRING), _field("value", 2, _Field.TYPE_BYTES)],
    "InputSize": [_field("height", 1, _Field.TYPE_INT32), _field("width", 2, _Field.TYPE_INT32)],
    "ImageModuleInfo": [_field("default_image_size", 1, _Field.TYPE_MESSAGE, message="InputSize")],
}

# A pool of our own: in the default one these would clash with those of the genuine library in one process.
_pool = descriptor_pool.DescriptorPool()
_pool.Add(
    descriptor_pb2.FileDescriptorProto(
        name="retrain/tf1_hub.proto",
        package=_PACKAGE,
        syntax="proto3",
        message_type=[
            descriptor_pb2.DescriptorProto(name=name, field=fields) for name, fields in _MESSAGES.items()
        ],
    )
)


def _message_class(name: str) -> type:
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


ModuleDef = _message_class("ModuleDef")
ModuleAttachment = _message_class("ModuleAttachment")
ImageModuleInfo = _message_class("ImageModuleInfo")
