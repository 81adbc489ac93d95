import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from retrain.api.label_tables import as_labels_file
from retrain.errors import InputError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text(data, labels=None, **keywords):
    with as_labels_file(data, labels, keywords) as found:
        return found["labels_file"].read_text()


def test_a_table_is_a_file_beside_the_run(here):
    table = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "kind": ["x", None], "split": ["train", "test"]})
    with as_labels_file(table, None, {"image_dir": "photos", "model_dir": "all/run", "seed": 3}) as found:
        path = found["labels_file"]
    assert path.read_text() == "path,kind,split\na.jpg,x,train\nb.jpg,,test\n"
    assert path.parent == pathlib.Path("all")
    assert found == {"image_dir": "photos", "model_dir": "all/run", "seed": 3, "labels_file": path}


def test_it_is_called_after_what_is_in_it():
    names = []
    for label in ("x", "y", "x"):
        with as_labels_file(["a/1.jpg"], [label], {}) as found:
            names.append(found["labels_file"])
    assert names[0] == names[2] != names[1]
    assert names[0].parent == pathlib.Path("runs")


def test_paths_begin_where_all_of_them_lie(here):
    paths = ["photos/a/1.jpg", pathlib.Path("photos/2.jpg"), os.path.abspath("photos/b/3.jpg")]
    with as_labels_file(paths, np.asarray([0, 1, 1]), {}) as found:
        assert found["image_dir"] == str(here / "photos")
        assert found["labels_file"].read_text() == "path,label\na/1.jpg,0\n2.jpg,1\nb/3.jpg,1\n"


def test_paths_in_a_folder_that_is_named_stay():
    assert text(["a/1.jpg"], ["x"], image_dir="photos") == "path,label\na/1.jpg,x\n"


@pytest.mark.parametrize(("separator", "cell"), [(None, "x|y"), (";", "x;y"), ("space", "x y")])
def test_several_labels_are_one_cell(separator, cell):
    assert text(["a/1.jpg", "b/2.jpg"], [{"y", "x"}, []], label_separator=separator) == (
        f"path,label\na/1.jpg,{cell}\nb/2.jpg,\n"
    )


@pytest.mark.parametrize(
    ("data", "labels", "keywords", "sentence"),
    [
        (
            ["a"],
            ["x", "y"],
            {},
            "1 paths were given, and labels for 2: give a label, or a list of labels, for each.",
        ),
        (
            ["a"],
            None,
            {},
            "1 paths were given, and labels for none: give a label, or a list of labels, for each.",
        ),
        ([], [], {}, "No paths were given: give one for each image."),
        (
            pd.DataFrame({"path": ["a"]}),
            ["x"],
            {},
            "labels= goes with a list of paths, and the first argument is a table: leave it out.",
        ),
        (
            pd.DataFrame({"path": ["a"], "kind": ["x"]}),
            None,
            {},
            "A table was given without the folder in which its paths begin: name that by --image_dir.",
        ),
        (
            ["a"],
            ["x"],
            {"labels_file": "l.csv"},
            "The first argument and --labels_file both say what is on images: give one of the two.",
        ),
        (
            "photos",
            None,
            {},
            "The first argument is a table or paths, but 'photos' was given: name a folder by --image_dir.",
        ),
        (
            None,
            ["x"],
            {},
            "The first argument is a table or paths, but None was given: name a folder by --image_dir.",
        ),
    ],
)
def test_what_cannot_be_meant(data, labels, keywords, sentence, here):
    with pytest.raises(InputError) as raised:
        text(data, labels, **keywords)
    assert str(raised.value) == sentence
    assert [*here.iterdir()] == []


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ([np.zeros([4, 5, 3], np.uint8)], "its item 0 is ndarray"),
        (np.zeros([1, 4, 5, 3], np.uint8), "its item 0 is ndarray"),
        (["a/1.jpg", Image.new("RGB", (5, 4))], "its item 1 is Image"),
        ([b"\x89PNG" * 999], "its item 0 is bytes"),
        (b"\x89PNG" * 999, "it is bytes"),
        (Image.new("RGB", (5, 4)), "it is Image"),
        ({"path": ["a/1.jpg"]}, "it is dict"),
        (7, "it is int"),
        (np.asarray("a/1.jpg"), "it is ndarray"),
        (pd.DataFrame({"image": ["1.jpg", b"\x89PNG" * 999]}), "its 'image' in row 1 is bytes"),
        (pd.DataFrame({"image": [{"bytes": b"\x89PNG"}]}), "its 'image' in row 0 is dict"),
        (pd.DataFrame({"image": [Image.new("RGB", (5, 4))]}), "its 'image' in row 0 is Image"),
    ],
)
def test_images_in_memory(data, found, here):
    with pytest.raises(InputError) as raised:
        text(data, None if isinstance(data, pd.DataFrame) else ["x"])
    assert str(raised.value) == (
        f"The first argument is a table or a list of paths, but {found}: write images into files, or fit "
        f"retrain.sklearn.ImageClassifier, which takes arrays, PIL images and bytes as they are."
    )
    assert [*here.iterdir()] == []


@pytest.mark.parametrize(("labels", "found"), [("x", "str"), (7, "int")])
def test_labels_are_several(labels, found):
    with pytest.raises(InputError) as raised:
        text(["a/1.jpg"], labels)
    assert str(raised.value) == (
        f"labels= is {found}, but a list was expected: a label, or a list of labels, for each path."
    )


def test_paths_and_labels_may_come_one_by_one():
    paths = (pathlib.Path("photos", name) for name in ("1.jpg", "2.jpg"))
    assert text(paths, iter("xy")) == "path,label\n1.jpg,x\n2.jpg,y\n"


def test_nothing_stays_of_a_mistake(here):
    (here / "kept").mkdir()
    for model_dir in ("kept/run", "new/run"):
        with pytest.raises(InputError), as_labels_file(["a/1.jpg"], ["x"], {"model_dir": model_dir}):
            raise InputError("No.")
    assert [*here.rglob("*")] == [here / "kept"]
