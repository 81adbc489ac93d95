"""The metadata, read by a reader of its own: fields by their number, as metadata_schema.fbs has them."""

import io
import struct
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from retrain.exporters.tflite import write
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds


class Table:
    """A table of a flatbuffer: the offset of its fields stands in a table before it."""

    def __init__(self, data: bytes, place: int):
        self.data, self.place = data, place
        self.fields = place - struct.unpack_from("<i", data, place)[0]

    def _at(self, field: int) -> int | None:
        [size] = struct.unpack_from("<H", self.data, self.fields)
        offset = (
            struct.unpack_from("<H", self.data, self.fields + 4 + 2 * field)[0] if 4 + 2 * field < size else 0
        )
        return self.place + offset if offset else None

    def byte(self, field: int) -> int:
        place = self._at(field)
        return 0 if place is None else self.data[place]

    def _inside(self, field: int) -> int:
        place = self._at(field)
        return place + struct.unpack_from("<I", self.data, place)[0]

    def text(self, field: int) -> str:
        place = self._inside(field)
        [length] = struct.unpack_from("<I", self.data, place)
        return self.data[place + 4 : place + 4 + length].decode()

    def table(self, field: int) -> "Table":
        return Table(self.data, self._inside(field))

    def floats(self, field: int) -> list[float]:
        place = self._inside(field)
        [length] = struct.unpack_from("<I", self.data, place)
        return list(struct.unpack_from(f"<{length}f", self.data, place + 4))

    def tables(self, field: int) -> list["Table"]:
        if self._at(field) is None:
            return []
        place = self._inside(field)
        [length] = struct.unpack_from("<I", self.data, place)
        places = range(place + 4, place + 4 + 4 * length, 4)
        return [Table(self.data, at + struct.unpack_from("<I", self.data, at)[0]) for at in places]


@pytest.fixture(scope="module")
def model(loaded_module, tmp_path_factory) -> bytes:
    heads = {"kind": SoftmaxHead(["cat", "Hündin"]), "tags": SigmoidHead(["x"])}
    classifier = tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads))
    directory = tmp_path_factory.mktemp("described") / "tflite"
    write(classifier, str(directory))
    return (directory / "model.tflite").read_bytes()


@pytest.fixture(scope="module")
def metadata(model) -> Table:
    tree = schema.Model.GetRootAs(model)
    found = {
        tree.Metadata(place).Name(): tree.Metadata(place).Buffer() for place in range(tree.MetadataLength())
    }
    data = tree.Buffers(found[b"TFLITE_METADATA"]).DataAsNumpy().tobytes()
    assert data[4:8] == b"M001"
    return Table(data, struct.unpack_from("<I", data)[0])


def test_images_are_scaled_as_the_classifier_takes_them(metadata):
    [graph] = metadata.tables(3)
    [images] = graph.tables(2)
    assert images.text(0) == "images"
    assert (images.table(3).byte(0), images.table(3).table(1).byte(0)) == (2, 1)  # of an image, RGB
    [normalization] = images.tables(4)
    assert normalization.byte(0) == 1
    assert (normalization.table(1).floats(0), normalization.table(1).floats(1)) == ([0.0], [255.0])


def test_outputs_that_are_probabilities_have_labels(metadata):
    [graph] = metadata.tables(3)
    outputs = graph.tables(3)
    assert [output.text(0) for output in outputs] == ["kind", "tags", "familiarity"]
    files = [[(of.text(0), of.byte(2)) for of in output.tables(6)] for output in outputs]
    assert files == [[("labels.txt", 2)], [("labels.tags.txt", 2)], []]


def test_labels_are_an_archive_behind_the_model(model):
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "labels.txt": "cat\nHündin\n",
            "labels.tags.txt": "x\n",
        }


def test_outputs_are_called_by_their_tasks(model):
    interpreter = Interpreter(model_content=model)
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["images"], "outputs": ["familiarity", "kind", "tags"]}
    }
    found = interpreter.get_signature_runner("serving_default")(images=np.zeros([1, 8, 8, 3], np.float32))
    assert {key: values.shape for key, values in found.items()} == {
        "kind": (1, 2),
        "tags": (1, 1),
        "familiarity": (1,),
    }
    assert {of["name"] for of in interpreter.get_output_details()} == {"kind", "tags", "familiarity"}
