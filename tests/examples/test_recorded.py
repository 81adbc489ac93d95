import dataclasses

import numpy as np
import pandas as pd
import pytest
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.examples.recorded import as_recorded, check_readable, data_fingerprint, record_examples
from tests.examples.worlds import made_up

EXAMPLES = made_up(
    ["c.png", "a, b.png", "b.png"], kind=["x", None, "NA"], tags=["u|v", "u", None]
).with_splits(["train", "test", "validation"])
EXAMPLES = dataclasses.replace(
    EXAMPLES, table=EXAMPLES.table.assign(size=[10, 2**53 + 1, 12], weight=[0.1, 1 / 3, 1.0])
)


def changed(examples: LabelledExamples, **columns: object) -> LabelledExamples:
    return dataclasses.replace(examples, table=examples.table.assign(**columns))


def check_same(one: LabelledExamples, other: LabelledExamples) -> None:
    pd.testing.assert_frame_equal(one.table, other.table)
    for name, task in one.tasks.items():
        assert task.cells == other.tasks[name].cells
        np.testing.assert_array_equal(task.labels, other.tasks[name].labels)


@pytest.fixture
def run(tmp_path) -> str:
    record_examples(str(tmp_path), EXAMPLES)
    return str(tmp_path)


def test_a_run_that_has_yet_to_begin_has_none(tmp_path):
    assert as_recorded(str(tmp_path), EXAMPLES) is None


def test_examples_come_back_in_their_order_and_split(run):
    now = changed(EXAMPLES, split="", mtime_ns=9, weight=0.5)
    found, splits = as_recorded(run, now.rows([2, 0, 1]))
    check_same(found, now)
    assert splits == dict(zip(EXAMPLES.paths, EXAMPLES.splits, strict=True))


def test_a_fingerprint_is_of_contents_splits_and_labels_alone():
    fingerprint = data_fingerprint(EXAMPLES)
    elsewhere = changed(EXAMPLES, path=["1.png", "2.png", "3.png"], size=[1, 2, 3], mtime_ns=9)
    assert data_fingerprint(elsewhere.rows([2, 0, 1])) == fingerprint
    for columns in ({"split": ["test", "train", "validation"]}, {"content": ["c.png", "a, b.png", "d.png"]}):
        assert data_fingerprint(changed(EXAMPLES, **columns)) != fingerprint
    relabelled = made_up(EXAMPLES.paths, kind=["x", "NA", "NA"], tags=["u|v", "u", None])
    assert data_fingerprint(relabelled.with_splits(EXAMPLES.splits)) != fingerprint


def test_images_that_came_later_are_left_out(run, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    more = changed(EXAMPLES.rows([0, 0, 0, 1, 2]), path=["0.png", "z.png", *EXAMPLES.paths])
    found, splits = as_recorded(run, more)
    check_same(found, EXAMPLES)
    assert list(splits) == EXAMPLES.paths
    assert said == ["2 images that came after the run's begin are left out."]


def test_images_that_are_gone(run):
    with pytest.raises(InputError) as raised:
        as_recorded(run, EXAMPLES.rows([0]))
    assert str(raised.value) == (
        f"2 of the images that the run in {run!r} began with are gone, such as 'a, b.png': put them back to "
        f"go on, or start a new run in another --model_dir."
    )


@pytest.mark.parametrize(
    "now",
    [
        changed(EXAMPLES, size=np.array([10, 2**53, 12])),
        EXAMPLES.with_cells("kind", ["x", "x", "NA"]),
        EXAMPLES.with_cells("tags", ["u|v", None, None]),
    ],
)
def test_images_that_are_others(run, now):
    with pytest.raises(InputError) as raised:
        as_recorded(run, now)
    assert str(raised.value) == (
        f"1 of the images that the run in {run!r} began with are not what they were, such as 'a, b.png': put "
        f"them back to go on, or start a new run in another --model_dir."
    )


def test_what_is_written_down(run):
    with open(f"{run}/examples.csv") as file:
        assert file.read().splitlines() == [
            "path,split,size,content_hash,kind,tags",
            "c.png,train,10,c.png,x,u|v",
            '"a, b.png",test,9007199254740993,"a, b.png",,u',
            "b.png,validation,12,b.png,NA,",
        ]


def test_images_that_can_no_longer_be_read(run):
    check_readable(run, [])
    with pytest.raises(InputError) as raised:
        check_readable(run, ["b.png"])
    assert str(raised.value) == (
        f"1 of the images that the run in {run!r} began with are damaged, such as 'b.png': put them back to "
        f"go on, or start a new run in another --model_dir."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "No columns to parse from file"),
        ("path,splat\na.png,train\n", "its columns are 'path', 'splat'"),
        ("path,split,other\na.png,train,x\n", "its columns are 'path', 'split', 'other'"),
    ],
)
def test_what_is_no_record_is_told(tmp_path, content, reason):
    path = tmp_path / "examples.csv"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        as_recorded(str(tmp_path), EXAMPLES)
    assert str(raised.value) == (
        f"{str(path)!r} was expected to hold the images that this run began with, but cannot be read "
        f"({reason}): start a new run in another --model_dir."
    )
