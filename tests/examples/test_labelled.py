"""LabelledExamples: whatever is chosen of them, table, labels and features speak of the same images."""

import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.data.layout import read_listing
from retrain.data.listing import Column, Listing
from retrain.data.table import read
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, heads_of, labelled_examples
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from tests import tiny_worlds
from tests.tiny_parquet import parquet_file

HEADS = {"kind": SoftmaxHead(("x", "y", "z")), "tags": SigmoidHead(("big", "red"))}


def listing(rows: list[tuple], class_folders: bool = False) -> Listing:
    """Of rows (split, kind, tags, weight)."""
    splits, kinds, tags, weights = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [])
    return Listing(
        image_dir="photos",
        paths=[f"{row}.jpg" for row in range(len(rows))],
        columns={"kind": Column(kinds), "tags": Column(tags, several=True)},
        splits=splits,
        groups=[None] * len(rows),
        weights=weights,
        ignored={},
        class_folders=class_folders,
    )


def with_features(examples: LabelledExamples) -> LabelledExamples:
    """Features that name their row."""
    return examples.with_features(np.arange(2 * len(examples), dtype=np.float32).reshape(-1, 2))


row = st.tuples(
    st.sampled_from(["train", "validation", "test"]),
    st.sampled_from(["x", "y", "z", None]),
    st.sampled_from(["red", "big|red", "", "?big", None]),
    st.sampled_from([0.0, 0.1, 1.0, 2.5]),
)
worlds = st.lists(row, max_size=12).map(
    lambda rows: with_features(labelled_examples(listing(rows), HEADS, {"tags": 0.5}))
)


def check_agreement(examples: LabelledExamples, whole: LabelledExamples) -> None:
    """Everything in a row is that of the image of its path in the whole."""
    origin = [whole.paths.index(path) for path in examples.paths]
    pd.testing.assert_frame_equal(examples.table, whole.table.iloc[origin].reset_index(drop=True))
    np.testing.assert_array_equal(examples.features, whole.features[origin])
    for name, task in examples.tasks.items():
        of_whole = whole.tasks[name]
        assert task.cells == [of_whole.cells[at] for at in origin]
        np.testing.assert_array_equal(task.labels, of_whole.labels[origin])
        np.testing.assert_array_equal(task.known, of_whole.known[origin])
        assert task.weight == of_whole.weight


def check_same(one: LabelledExamples, other: LabelledExamples) -> None:
    assert one.paths == other.paths
    check_agreement(one, other)


@given(worlds, st.data())
def test_rows_agree_whatever_is_chosen(examples, data):
    positions = st.lists(st.integers(0, max(0, len(examples) - 1)), max_size=len(examples), unique=True)
    chosen = data.draw(positions)
    mask = np.isin(np.arange(len(examples)), chosen)
    for part in (examples.rows(chosen), examples.rows(mask), examples.rows(slice(1, None, 2))):
        check_agreement(part, examples)
    assert examples.rows(chosen).paths == [f"{at}.jpg" for at in chosen]
    check_same(examples.without(chosen), examples.rows(~mask))
    check_same(examples.without(mask), examples.rows(~mask))


@given(worlds, st.sampled_from(["train", "validation", "test"]), st.sampled_from(["kind", "tags"]), st.data())
def test_split_labelled_and_without_commute(examples, name, task, data):
    dropped = data.draw(st.sets(st.sampled_from(examples.paths))) if len(examples) else set()

    def without(part: LabelledExamples) -> LabelledExamples:
        return part.without([at for at, path in enumerate(part.paths) if path in dropped])

    check_same(examples.split(name).labelled(task), examples.labelled(task).split(name))
    check_same(without(examples.split(name)), without(examples).split(name))
    check_same(without(examples.labelled(task)), without(examples).labelled(task))
    for mine, other in zip(
        without(examples).split(name).of(task),
        without(examples.split(name).labelled(task)).of(task),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, other)


@given(worlds)
def test_splits_cover_all_and_each_gives_what_the_head_is_trained_on(examples):
    parts = [examples.split(name) for name in ("train", "validation", "test")]
    assert sorted(path for part in parts for path in part.paths) == sorted(examples.paths)
    for task, head in HEADS.items():
        labels = head.encode(examples.tasks[task].cells)
        by_split = examples.by_split(task)
        for name in ("train", "validation", "test"):
            # As the heads of a run were always given them: these rows, in the order of the table.
            at = np.flatnonzero((examples.table["split"] == name).to_numpy(bool) & head.labelled(labels))
            assert (name in by_split) == bool(len(at))
            if len(at):
                features, encoded, weights = by_split[name]
                np.testing.assert_array_equal(features, examples.features[at])
                np.testing.assert_array_equal(encoded, labels[at])
                np.testing.assert_array_equal(weights, np.asarray(examples.table["weight"], np.float32)[at])
                assert (features.dtype, weights.dtype) == (np.float32, np.float32)


def test_the_weights_of_a_table_are_those_that_heads_are_trained_with(tmp_path):
    (tmp_path / "labels.csv").write_text("path,kind,weight\na,x,2\nb,y,\nc,,3\nd,x,0.1\n")
    found = read(str(tmp_path / "labels.csv"))
    examples = with_features(labelled_examples(found, heads_of(found, {"kind": "softmax"})))
    of_task = examples.of("kind")
    assert of_task.weights.tolist() == [2.0, 1.0, np.float32(0.1)]
    assert of_task.labels.tolist() == [0, 1, 0]
    assert of_task.features.tolist() == [[0, 1], [2, 3], [6, 7]]


def test_where_everything_is_known_nothing_is_copied():
    examples = with_features(labelled_examples(listing([("train", "x", "red", 1.0)] * 3), HEADS))
    assert examples.of("kind").features is examples.features
    assert examples.without([]) is examples


def test_without_features_there_are_none():
    examples = labelled_examples(listing([("train", "x", "red", 1.0), ("test", None, "", 1.0)]), HEADS)
    assert examples.features is None
    assert examples.split("test").without([]).features is None


def test_heads_and_weights_of_tasks():
    examples = labelled_examples(listing([("train", "x", "red", 1.0)]), HEADS, {"tags": 0.5})
    assert examples.heads == HEADS
    assert examples.task_weights == {"kind": 1.0, "tags": 0.5}
    others = {"kind": HEADS["kind"], "age": SoftmaxHead(("old", "new"))}
    assert list(labelled_examples(listing([("train", "x", "red", 1.0)]), others).tasks) == ["kind"]


def test_other_splits_groups_and_labels_leave_the_given_ones_as_they_were():
    examples = labelled_examples(listing([("", "x", "red", 1.0), ("", "y", "", 1.0)]), HEADS, {"kind": 2.0})
    assert examples.with_splits(["train", "test"]).splits == ["train", "test"]
    assert examples.with_groups(["g", "g"]).groups == ["g", "g"]
    changed = examples.with_cells("kind", ["z", None]).tasks["kind"]
    assert (changed.cells, changed.labels.tolist(), changed.known.tolist()) == (
        ["z", None],
        [2, -1],
        [True, False],
    )
    assert changed.weight == 2.0
    assert (examples.splits, examples.groups) == (["", ""], ["0.jpg", "1.jpg"])
    assert examples.tasks["kind"].cells == ["x", "y"]


def test_one_row_an_image(tree):
    photos = tree({"roses/b.jpg": b"1234", "roses/a.jpg": b"12", "daisies/c.jpg": b""})
    os.utime(os.path.join(photos, "roses", "b.jpg"), ns=(0, 123456789))
    found = read_listing(photos)
    examples = labelled_examples(found, heads_of(found, {"label": "softmax"}))
    table = examples.table
    assert table.columns.tolist() == [
        *("path", "size", "mtime_ns", "split", "group", "given_group", "weight", "content")
    ]
    assert examples.paths == ["daisies/c.jpg", "roses/a.jpg", "roses/b.jpg"]
    assert examples.files == [os.path.join(photos, path) for path in examples.paths]
    assert examples.tasks["label"].cells == ["daisies", "roses", "roses"]
    assert examples.splits == ["", "", ""]
    assert examples.groups == examples.paths
    assert table["size"].tolist() == [0, 2, 4]
    assert table["mtime_ns"].tolist()[2] == 123456789
    assert table["weight"].tolist() == [1.0, 1.0, 1.0]


def test_a_file_that_has_vanished_stays_in_the_table(tree):
    photos = tree(["a/1.jpg", "b/1.jpg"])
    found = read_listing(photos)
    os.remove(os.path.join(photos, "a", "1.jpg"))
    examples = labelled_examples(found, heads_of(found, {"label": "softmax"}))
    assert examples.table["size"].tolist() == [0, 7]


def test_a_damaged_member_stays_in_the_table(tmp_path):
    columns = {"image": [bytes(5000), bytes(7000)], "path": ["1.jpg", "2.jpg"], "label": ["a", "b"]}
    path = parquet_file(tmp_path / "x.parquet", columns, rows=1)
    whole = bytearray(pathlib.Path(path).read_bytes())
    whole[4:30] = bytes(26)  # of the first page
    pathlib.Path(path).write_bytes(whole)
    found = read_listing(path)
    examples = labelled_examples(found, heads_of(found, {"label": "softmax"}))
    assert examples.table["size"].tolist() == [0, 7000]


def test_groups_of_a_table_and_of_names(tmp_path):
    (tmp_path / "labels.csv").write_text("path,kind,group\na_nohash_1,x,\na_nohash_2,y,g\nb,x,g\n")
    found = read(str(tmp_path / "labels.csv"))
    examples = labelled_examples(found, {})
    assert examples.groups == ["a", "g", "g"]
    assert examples.table["given_group"].tolist() == [False, True, True]


def test_each_task_gets_the_head_of_its_kind(tmp_path):
    (tmp_path / "labels.csv").write_text("path,kind,tags\na,x,red|big\nb,y,\nc,,red\n")
    found = read(str(tmp_path / "labels.csv"))
    heads = heads_of(found, {"kind": "softmax", "tags": "sigmoid"})
    assert [(task, head.kind, head.class_names) for task, head in heads.items()] == [
        ("kind", "softmax", ("x", "y")),
        ("tags", "sigmoid", ("big", "red")),
    ]
    with pytest.raises(InputError, match="'softmx' is no head"):
        heads_of(found, {"kind": "softmx"})


def test_a_class_folder_that_a_sigmoid_head_would_read_as_two(tmp_path):
    photos = tmp_path / "photos"
    tiny_worlds.colour_folder(photos, 1)
    (photos / "cyan").rename(photos / "a|b")
    with pytest.raises(InputError) as raised:
        heads_of(read_listing(str(photos)), {"label": "sigmoid"})
    assert str(raised.value) == (
        "The class folder 'a|b' has a name that a sigmoid head reads as several classes: rename it."
    )
