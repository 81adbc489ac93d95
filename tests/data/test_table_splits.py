import pandas as pd
import pytest

from retrain.data.table_splits import splits_of, with_flagged_splits
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
        (["train/1", "val/2", "test/3"], "test, train, val -> validation"),
        (["d/x/train/1", "d/y/val/2", "d/x/test/3"], "test, train, val -> validation"),
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


def flagged(*tasks: str, **cells: list[str]) -> list[str] | None:
    table = pd.DataFrame({"path": ["a", "b", "c"], "kind": ["x", "y", "z"], **cells})
    return with_flagged_splits("t.csv", table, tasks).get("split", pd.Series()).tolist()


@pytest.mark.parametrize(
    ("cells", "splits", "words"),
    [
        (
            {"is_valid": ["True", "False", "False"]},
            ["validation", "train", "train"],
            "column 'is_valid', which is",
        ),
        ({"isTest": ["no", "no", "yes"]}, ["train", "train", "test"], "column 'isTest', which is"),
        ({"Valid": ["1", "0", "0"]}, ["validation", "train", "train"], "column 'Valid', which is"),
        (
            {"is_test": ["1", "0", "0"], "is_val": ["0", "0", "1"]},
            ["test", "train", "validation"],
            "columns 'is_test', 'is_val', which are",
        ),
        (
            {"train": ["1", "0", "0"], "val": ["0", "1", "0"], "test": ["0", "0", "1"]},
            ["train", "validation", "test"],
            "columns 'train', 'val', 'test', which are",
        ),
    ],
)
def test_columns_of_yes_and_no(told, cells, splits, words):
    assert flagged(**cells) == splits
    assert told == [f"--labels_file='t.csv' has {words} read as 'split'."]


def test_what_is_not_trained_on_is_tested_on(told):
    assert flagged(is_training_image=["1", "0", "1"]) == ["train", "test", "train"]
    assert flagged(is_train=["1", "0", "0"], is_val=["0", "1", "0"]) == ["train", "validation", "test"]
    assert told == [
        "--labels_file='t.csv' has column 'is_training_image', which is read as 'split', and 'test' where it "
        "says no.",
        "--labels_file='t.csv' has columns 'is_train', 'is_val', which are read as 'split', and 'test' where "
        "all say no.",
    ]


@pytest.mark.parametrize(
    "cells",
    [
        {"is_valid": ["perhaps", "0", "1"]},
        {"is_valid": ["0", "0", "0"]},
        {"is_val": ["1", "0", "0"], "is_test": ["1", "0", "0"]},
        {"is_train": ["1", "0", "0"], "is_test": ["0", "1", "0"]},
        {"is_val": ["1", "0", "0"], "is_valid": ["0", "1", "0"]},
        {"bus": ["1", "0", "0"], "test": ["0", "1", "0"]},
        {"train": ["1", "0", "0"]},
    ],
)
def test_columns_that_may_say_something_else(told, cells):
    assert flagged(**cells) == []
    assert told == []


def test_flags_that_are_named_are_labels():
    assert flagged("is_valid", is_valid=["1", "0", "0"]) == []
