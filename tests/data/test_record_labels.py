import pathlib

import pytest

from retrain.data.record_labels import labels_in
from retrain.data.shard_labels import Cell
from retrain.errors import InputError
from tests.tiny_parquet import parquet_file
from tests.tiny_records import record_file

JPEG = b"\xff\xd8\xff"


def labelled(path: pathlib.Path, *labels, field: str = "label") -> str:
    return record_file(path, [{"image": JPEG, field: label} for label in labels])


def cells(path: str) -> list[Cell | None]:
    labels = labels_in(path)
    assert labels.members == set()
    return [labels.of(f"{number:06}.jpg") for number in range(3)]


def sentence(path: str) -> str:
    with pytest.raises(InputError) as info:
        labels_in(path)
    return str(info.value)


def test_labels_are_names_or_numbers(tmp_path):
    path = labelled(tmp_path / "x.tfrecord", "b", 7, [0, 12])
    assert cells(path) == [Cell("b"), Cell("7"), Cell("0|12", several=True)]
    path = labelled(tmp_path / "y.tfrecord", ["a", "b"], -1, [])
    assert cells(path) == [Cell("a|b", several=True), None, None]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "daisy\n\nrose \n"),
        ("labels.txt", "0:daisy\n2:rose\n"),
        ("label.labels.txt", "\ufeffdaisy\r\n7:00\r\nrose\r\n"),
    ],
)
def test_names_of_numbers_may_stand_beside(name, content, tmp_path):
    (tmp_path / name).write_bytes(content.encode())
    (tmp_path / "other.labels.txt").write_text("no\nnames\nof\nthis\n")
    path = labelled(tmp_path / "x.tfrecord", 0, 2, "tulip")
    assert cells(path) == [Cell("daisy"), Cell("rose"), Cell("tulip")]


def test_of_two_files_that_of_the_feature_is_taken(tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    (tmp_path / "label.labels.txt").write_text("d\ne\nf\n")
    assert cells(labelled(tmp_path / "x.tfrecord", 0, 1, 2)) == [Cell("d"), Cell("e"), Cell("f")]
    assert cells(labelled(tmp_path / "y.tfrecord", 0, 1, 2, field="class"))[0] == Cell("a")


def test_names_may_lie_above_folders_of_splits(tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    assert cells(labelled(tmp_path / "train" / "x.tfrecord", 0, 1, 1))[:2] == [Cell("a"), Cell("b")]
    assert cells(labelled(tmp_path / "other" / "x.tfrecord", 0, 1, 1))[:2] == [Cell("0"), Cell("1")]


def test_a_number_without_a_name_is_a_sentence(tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    path = labelled(tmp_path / "x.tfrecord", 0, 2)
    assert sentence(path) == (
        f"'{path}/000001.jpg' has label 2, of which '{tmp_path}/labels.txt' says no name, but it was "
        "expected to have one for each number: add it, or move that file away, and numbers are names."
    )


def test_names_that_are_no_text_are_a_sentence(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"caf\xe9\n")
    assert sentence(labelled(tmp_path / "x.tfrecord", 0)) == (
        f"'{tmp_path}/labels.txt' is not UTF-8, but names of labels were expected there, one a line: save it "
        "as UTF-8."
    )


def test_parquet_has_labels_in_the_same_way(tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG] * 3, "label": [1, -1, 0]})
    assert cells(path) == [Cell("b"), None, Cell("a")]
