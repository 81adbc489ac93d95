import json

import pytest

from retrain import __version__
from retrain.errors import InputError
from retrain.exporters.documents import read_heads, write_documents
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

NAMES = ["a, b", 'c "d"', "玫瑰"]
SIGNATURES = {"label": "image_classification"}
SERVING = {"images": "serving_default"}


@pytest.fixture
def classifier(loaded_module):
    return ImageClassifier(loaded_module, {"label": SoftmaxHead(NAMES)})


def test_labels_are_written_one_a_line(classifier, tmp_path):
    write_documents(classifier, SIGNATURES, str(tmp_path), SERVING)
    assert (tmp_path / "assets.extra/labels.txt").read_text("utf-8") == 'a, b\nc "d"\n玫瑰\n'


def test_the_description_says_what_a_program_needs(classifier, tmp_path):
    write_documents(classifier, SIGNATURES, str(tmp_path), SERVING)
    assert json.loads((tmp_path / "assets.extra/retrain.json").read_text("utf-8")) == {
        "tasks": {"label": {"head": "softmax", "classes": NAMES, "signature": "image_classification"}},
        "image_size": [8, 8],
        "num_features": 3,
        "serving": {"images": "serving_default"},
        "alpha_background": "white",
        "antialias": False,
        "module": classifier.base.handle,
        "writer": f"retrain {__version__}",
    }


def test_heads_are_read_again(classifier, tmp_path):
    write_documents(classifier, SIGNATURES, str(tmp_path), SERVING)
    [(task, head)] = read_heads(str(tmp_path)).items()
    assert (task, head.kind, head.class_names) == ("label", "softmax", tuple(NAMES))


def test_several_tasks_have_a_file_of_labels_each_in_their_order(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b"]), "colour": SoftmaxHead(["red", "blue"])}
    signatures = {"kind": "image_classification", "colour": "image_classification:colour"}
    write_documents(ImageClassifier(loaded_module, heads), signatures, str(tmp_path), SERVING)
    assert (tmp_path / "assets.extra/labels.txt").read_text() == "a\nb\n"
    assert (tmp_path / "assets.extra/labels.colour.txt").read_text() == "red\nblue\n"
    assert list(read_heads(str(tmp_path))) == ["kind", "colour"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"tasks": {"label": {}}}', '{"tasks": 3}', '{"tasks": [1]}']
)
def test_a_damaged_description(tmp_path, text):
    path = tmp_path / "assets.extra" / "retrain.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_heads(str(tmp_path))
    assert str(raised.value).startswith(
        f"{str(path)!r} was expected to describe tasks, their heads and classes, but does not ("
    )
    assert str(raised.value).endswith("): export the classifier again.")


def test_a_head_that_this_version_does_not_know(tmp_path):
    path = tmp_path / "assets.extra" / "retrain.json"
    path.parent.mkdir()
    path.write_text('{"tasks": {"label": {"head": "softmaxx", "classes": ["a"]}}}')
    with pytest.raises(InputError, match="'softmaxx' is no head: choose from softmax"):
        read_heads(str(tmp_path))
