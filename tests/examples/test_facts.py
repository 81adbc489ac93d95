import numpy as np
import pandas as pd
import pytest

from retrain.data.image_facts import ImageFacts
from retrain.errors import InputError
from retrain.examples.facts import check_trained, data_facts
from retrain.examples.groups import Duplicates
from tests.examples.worlds import made_up

PATHS = ["1.png", "2.png", "3.jpg", "4.png"]
EXAMPLES = made_up(PATHS, kind=["x", "y", "y", None], tags=["red|big", "big|red", "red", "?big"]).with_splits(
    ["train", "test", "train", "validation"]
)
IMAGES = ImageFacts(
    formats=["PNG", "PNG", "JPEG", "PNG"],
    sizes=np.array([[10, 20], [30, 40], [0, 0], [50, 65]], np.int32),
    thumbnails=np.zeros([4, 32, 32, 3], np.uint8),
    traits=np.array([1, 0, 2, 3], np.uint8),
    contents=PATHS,
)
SKIPPED = pd.DataFrame({"path": ["bad.png"], "reason": ["damaged"], "more": [1]})


NONE = Duplicates([], [])


def facts(duplicates: Duplicates = NONE):
    return data_facts(EXAMPLES, IMAGES, SKIPPED, duplicates, ignored={".txt": 7})


def test_images_and_what_is_left_out():
    found = facts()
    assert list(found) == [
        *("images", "splits", "height", "width", "formats", "ignored_files", "transparent"),
        *("narrow_16_bit", "alpha_background", "tasks", "skipped"),
        *("exact_duplicates", "near_duplicates", "in_several_splits", "label_conflicts"),
    ]
    assert (found["images"], found["ignored_files"]) == (4, {".txt": 7})
    assert (found["transparent"], found["narrow_16_bit"], found["alpha_background"]) == (2, 2, "white")
    assert list(found["splits"].items()) == [("train", 2), ("validation", 1), ("test", 1)]
    assert found["height"] == {"min": 10, "median": 30.0, "max": 50}
    assert found["width"] == {"min": 20, "median": 40.0, "max": 65}
    assert found["formats"] == {"PNG": 3, "JPEG": 1}
    assert found["skipped"] == [{"path": "bad.png", "reason": "damaged"}]


def test_labels_as_each_head_tells_them():
    assert facts()["tasks"] == {
        "kind": {"head": "softmax", "labelled": 3, "classes": {"x": 1, "y": 2}, "not_in_train": []},
        "tags": {"head": "sigmoid", "labelled": 4, "classes": {"big": 3, "red": 3}, "not_in_train": []},
    }


def test_duplicates_that_contradict_each_other_or_lie_in_several_splits():
    found = facts(Duplicates(exact=[["1.png", "3.jpg"]], near=[["1.png", "2.png"], ["3.jpg", "4.png"]]))
    assert found["exact_duplicates"] == [["1.png", "3.jpg"]]
    assert found["near_duplicates"] == [["1.png", "2.png"], ["3.jpg", "4.png"]]
    assert found["in_several_splits"] == [["1.png", "2.png"], ["3.jpg", "4.png"]]
    assert found["label_conflicts"] == [
        {"task": "kind", "same_content": True, "labels": {"1.png": "x", "3.jpg": "y"}},
        {"task": "tags", "same_content": True, "labels": {"1.png": "red|big", "3.jpg": "red"}},
        {"task": "kind", "same_content": False, "labels": {"1.png": "x", "2.png": "y"}},
        {"task": "tags", "same_content": False, "labels": {"3.jpg": "red", "4.png": "?big"}},
    ]


def test_no_size_is_known():
    unknown = IMAGES._replace(sizes=np.zeros([4, 2], np.int32))
    assert data_facts(EXAMPLES, unknown, SKIPPED, NONE, {})["height"] == {}


def test_every_class_is_to_be_trained_on():
    check_trained(facts())
    missing = {"tasks": {"label": {"not_in_train": ["a"]}, "kind": {"not_in_train": ["b"]}, "age": {}}}
    with pytest.raises(InputError) as raised:
        check_trained(missing)
    assert str(raised.value) == (
        "Every class needs an image to train on, but train has none of 'a', 'b (kind)': add images, or "
        "remove the class."
    )
