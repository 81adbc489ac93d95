import os

from retrain.examples import duplicates
from retrain.examples.duplicates import same_content
from tests.examples.worlds import of_folder


def test_only_equal_content_counts(tree):
    photos = tree({"a/1.jpg": b"12", "a/2.jpg": b"13", "a/3.jpg": b"12", "b/1.jpg": b"123", "b/2.jpg": b"12"})
    assert same_content(of_folder(photos)) == [["a/1.jpg", "a/3.jpg", "b/2.jpg"]]


def test_files_that_differ_outside_the_slice_are_told_apart(tree):
    middle = bytes(3 * duplicates.SLICE)
    photos = tree(
        {"a/1.jpg": b"x" + middle + b"y", "a/2.jpg": b"x" + middle + b"z", "b/1.jpg": b"x" + middle + b"y"}
    )
    assert same_content(of_folder(photos)) == [["a/1.jpg", "b/1.jpg"]]


def test_empty_and_vanished_files_are_alike_to_none(tree):
    photos = tree({"a/1.jpg": b"", "a/2.jpg": b"", "b/1.jpg": b"1", "b/2.jpg": b"1"})
    examples = of_folder(photos)
    assert same_content(examples) == [["b/1.jpg", "b/2.jpg"]]
    os.remove(os.path.join(photos, "b", "2.jpg"))
    assert same_content(examples) == []


def test_files_whose_size_is_their_own_are_never_opened(tree, monkeypatch):
    photos = tree({"a/1.jpg": b"1", "a/2.jpg": b"12", "b/1.jpg": b"123"})
    examples = of_folder(photos)
    monkeypatch.setattr(duplicates, "_middle", lambda path, size: 1 / 0)
    assert same_content(examples) == []
