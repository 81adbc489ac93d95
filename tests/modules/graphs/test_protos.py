import subprocess
import sys

from retrain.modules.graphs.protos import FORMAT_V3, ImageModuleInfo, ModuleAttachment, ModuleDef


def test_what_the_genuine_library_writes():
    assert ModuleDef(format=FORMAT_V3).SerializeToString() == b"\x08\x03"
    info = ImageModuleInfo(default_image_size={"height": 128, "width": 96}).SerializeToString()
    attached = ModuleAttachment(key="image_module_info", value=info).SerializeToString()
    assert attached == b"\n\x11image_module_info\x12\x07\n\x05\x08\x80\x01\x10\x60"


def test_what_the_genuine_library_reads():
    definition = ModuleDef.FromString(b"\x08\x03\x12\x03foo")
    assert (definition.format, list(definition.required_features)) == (3, ["foo"])
    size = ImageModuleInfo.FromString(b"\n\x06\x08\xe0\x01\x10\xe0\x01").default_image_size
    assert (size.height, size.width) == (224, 224)


def test_neither_tensorflow_nor_the_default_pool_is_touched():
    code = (
        "import sys, retrain.modules.graphs.protos\n"
        "from google.protobuf import descriptor_pool, descriptor_pb2\n"
        "file = descriptor_pb2.FileDescriptorProto(name='other.proto', package='tensorflow_hub')\n"
        "file.message_type.add(name='ModuleDef')\n"
        "descriptor_pool.Default().Add(file)\n"
        "print('tensorflow' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
