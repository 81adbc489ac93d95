import json

import pandas as pd
import pytest

from retrain.data.json_object import object_cells
from retrain.errors import InputError

CALLED = "--labels_file='a.json'"
TABLE = pd.DataFrame({"path": ["1.jpg", "2.jpg", "3.jpg"], "kind": ["cat", "dog", "cat"]})


def read(whole: dict, image_dir: str = ".") -> dict[str, list]:
    return object_cells(whole, CALLED, image_dir).to_dict("list")


def test_paths_with_their_labels(tree, told):
    assert read({"1.jpg": "cat", "2.PNG": ["cat", "dog"]}) == {
        "path": ["1.jpg", "2.PNG"],
        "label": ["cat", ["cat", "dog"]],
    }
    assert read({"1": "cat", "2": "dog"}, tree(["1.jpg", "2.jpg"])) == {
        "path": ["1", "2"],
        "label": ["cat", "dog"],
    }
    assert read({"1.jpg": {"kind": "cat"}, "2.jpg": {"kind": "dog"}}) == {
        "path": ["1.jpg", "2.jpg"],
        "kind": ["cat", "dog"],
    }
    assert told == []


def test_classes_with_their_paths(tree, told):
    labels = {"path": ["a/1", "a/2", "b/3"], "label": [["cat"], ["cat", "dog"], ["dog"]]}
    assert (
        read({"cat": ["a/1", "a/2"], "dog": ["a/2", "b/3"]}, tree(["a/1.jpg", "a/2.jpg", "b/3.jpg"]))
        == labels
    )
    assert told == [f"{CALLED} is read as class names, each with the paths of its images."]


def test_the_one_row_of_json_lines(told):
    assert read({"path": "1.jpg", "tags": ["a", "b"], "boxes": [{"x": 1}]}) == {
        "path": ["1.jpg"],
        "tags": [["a", "b"]],
        "boxes": [[{"x": 1}]],
    }
    assert told == []


@pytest.mark.parametrize(
    ("orient", "words"),
    [
        ("columns", "columns, each with its cells"),
        ("index", "rows, each with its cells"),
        ("split", "pandas' names of columns, and its rows"),
        ("table", "pandas' names of columns, and its rows"),
    ],
)
def test_what_pandas_writes(told, orient, words):
    assert read(json.loads(TABLE.to_json(orient=orient))) == TABLE.to_dict("list")
    assert read(TABLE.to_dict("list")) == TABLE.to_dict("list")
    assert told == [f"{CALLED} is read as {words}.", f"{CALLED} is read as columns, each with its cells."]


def test_the_export_and_the_project_of_vgg_image_annotator(told):
    row = {"filename": "1.jpg", "size": 7, "regions": [], "file_attributes": {"kind": "cat"}}
    for whole in ({"1.jpg7": row}, {"_via_settings": {}, "_via_img_metadata": {"1.jpg7": row}}):
        assert read(whole) == {name: [value] for name, value in row.items()}
    assert told == [f"{CALLED} is read as rows, each with its cells."] * 2


def test_fiftyone_numbers_its_classes(told):
    whole = {"classes": ["cat", "dog"], "labels": {"000001": 1, "000002": 0}}
    assert read(whole) == {"path": ["000001", "000002"], "label": ["dog", "cat"]}
    assert told == [f"{CALLED} is read as FiftyOne's classes, and paths with the number of one each."]


@pytest.mark.parametrize(
    "whole",
    [
        {"images": [{"id": 1}], "annotations": []},
        {"classes": ["cat", "dog"], "labels": {"000001": 2}},
        {"a": {"x": 1}, "b": {"x": 2}},
        {"a": "cat", "b": "dog"},
        {"data": [], "name": "photos"},
        {"data": [], "columns": 2},
        {"_via_img_metadata": [], "_via_settings": {}},
    ],
)
def test_other_objects_are_no_tables(whole):
    first, second = whole
    with pytest.raises(InputError) as raised:
        object_cells(whole, CALLED, ".")
    assert str(raised.value) == (
        f"{CALLED} is one JSON object with {first!r}, {second!r} (as COCO's are), but one object for each "
        "image was expected, as JSON lines or an array: write such a table from it."
    )
