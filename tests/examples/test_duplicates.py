import os

import pandas as pd

from retrain.data.listing import read_listing
from retrain.examples import duplicates
from retrain.examples.duplicates import drop_leaks, same_content
from retrain.examples.table import examples_table


def table(image_dir: str) -> pd.DataFrame:
    return examples_table(read_listing(image_dir))


def test_only_equal_content_counts(tree):
    photos = tree({"a/1.jpg": b"12", "a/2.jpg": b"13", "a/3.jpg": b"12", "b/1.jpg": b"123", "b/2.jpg": b"12"})
    assert same_content(table(photos), photos) == [["a/1.jpg", "a/3.jpg", "b/2.jpg"]]


def test_files_that_differ_outside_the_slice_are_told_apart(tree):
    middle = bytes(3 * duplicates.SLICE)
    photos = tree(
        {"a/1.jpg": b"x" + middle + b"y", "a/2.jpg": b"x" + middle + b"z", "b/1.jpg": b"x" + middle + b"y"}
    )
    assert same_content(table(photos), photos) == [["a/1.jpg", "b/1.jpg"]]


def test_empty_and_vanished_files_are_alike_to_none(tree):
    photos = tree({"a/1.jpg": b"", "a/2.jpg": b"", "b/1.jpg": b"1", "b/2.jpg": b"1"})
    examples = table(photos)
    assert same_content(examples, photos) == [["b/1.jpg", "b/2.jpg"]]
    os.remove(os.path.join(photos, "b", "2.jpg"))
    assert same_content(examples, photos) == []


def test_files_whose_size_is_their_own_are_never_opened(tree, monkeypatch):
    photos = tree({"a/1.jpg": b"1", "a/2.jpg": b"12", "b/1.jpg": b"123"})
    examples = table(photos)
    monkeypatch.setattr(duplicates, "_middle", lambda path, size: 1 / 0)
    assert same_content(examples, photos) == []


def test_train_loses_what_another_split_has(tree):
    photos = tree(
        {
            "train/a/1.jpg": b"leak",
            "train/a/2.jpg": b"leak",
            "train/a/3.jpg": b"twice",
            "train/a/4.jpg": b"twice",
            "train/b/5.jpg": b"other leak",
            "train/b/6.jpg": b"alone",
            "val/a/7.jpg": b"leak",
            "val/a/8.jpg": b"held out",
            "test/a/9.jpg": b"held out",
            "test/b/9.jpg": b"other leak",
        }
    )
    examples, leaks = drop_leaks(table(photos), photos)
    assert leaks == [
        ("train/b/5.jpg", "test/b/9.jpg"),
        ("train/a/1.jpg", "val/a/7.jpg"),
        ("train/a/2.jpg", "val/a/7.jpg"),
    ]
    kept = ["test/a/9.jpg", "test/b/9.jpg", *(f"train/a/{n}.jpg" for n in (3, 4)), "train/b/6.jpg"]
    assert examples["path"].tolist() == [*kept, "val/a/7.jpg", "val/a/8.jpg"]
    assert examples.index.tolist() == list(range(7))


def test_nothing_leaks(tree):
    photos = tree([f"{split}/{name}/1.jpg" for split in ("train", "test") for name in "ab"])
    examples, leaks = drop_leaks(table(photos), photos)
    assert leaks == []
    assert len(examples) == 4
