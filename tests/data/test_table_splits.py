import pandas as pd
import pytest

from retrain.data.table_splits import splits_of
from retrain.errors import InputError


def splits(**cells: list[str | None]) -> list[str]:
    return splits_of("t.csv", pd.DataFrame(cells, dtype=object), "path")


def test_the_column_of_splits(told):
    assert splits(path=["a", "b"], split=["Training", "val"]) == ["train", "validation"]
    assert told == ["Splits as given: Training -> train, val -> validation."]
    with pytest.raises(InputError) as raised:
        splits(path=["a", "b"], split=["train", None])
    assert str(raised.value) == (
        "--labels_file='t.csv' has '' in column 'split', where 'train', 'validation' or 'test' was expected: "
        "mend it, or leave the column out."
    )


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["train/1", "val/2", "test/3"], "test -> test, train -> train, val -> validation"),
        (["d/x/train/1", "d/y/val/2", "d/x/test/3"], "test -> test, train -> train, val -> validation"),
        (
            ["training_set/1", "val2017/2", "TestImages/3"],
            "TestImages -> test, training_set -> train, val2017 -> validation",
        ),
    ],
)
def test_folders_of_splits(told, paths, words):
    assert splits(path=paths, kind=["x"] * 3) == ["train", "validation", "test"]
    assert told == [
        "--labels_file='t.csv' has no column 'split', and all its images lie in folders of splits, which are "
        f"kept: {words} (an empty column 'split' would leave them to be drawn)."
    ]


def test_the_column_wins(told):
    assert splits(path=["train/1", "test/2"], split=["test", "train"]) == ["test", "train"]
    assert splits(path=["train/1", "test/2"], split=[None, None]) == ["", ""]
    assert told == ["Splits as given: train, test."]


@pytest.mark.parametrize(
    "paths",
    [
        ["train/1", "train/2"],
        ["val/1", "test/2"],
        ["train/1", "test/2", "3"],
        ["train/1", "test/2", "bus/3"],
        ["train.jpg", "test.jpg"],
    ],
)
def test_folders_that_do_not_say_it_of_all(told, paths):
    assert splits(path=paths, kind=["x"] * len(paths)) == [""] * len(paths)
    assert told == []


def test_folders_that_are_the_labels(told):
    assert splits(path=["train/1", "valid/2"], kind=["train", "valid"]) == ["", ""]
    assert told == []
