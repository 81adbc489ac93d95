import numpy as np
import pandas as pd
import pytest
from absl import logging

from retrain.errors import InputError
from retrain.examples.recorded import as_recorded, record_examples

TASKS = ["kind", "tags"]
EXAMPLES = pd.DataFrame(
    {
        "path": ["c.png", "a, b.png", "b.png"],
        "kind": pd.Series(["x", None, "NA"], dtype=object),
        "tags": pd.Series(["u|v", "u", None], dtype=object),
        "weight": [0.1, 1 / 3, 1.0],
        "split": ["train", "test", "validation"],
        "group": ["c", "a", "b"],
        "size": [10, 2**53 + 1, 12],
        "mtime_ns": [1, 2, 3],
    }
)


@pytest.fixture
def run(tmp_path) -> str:
    record_examples(str(tmp_path), EXAMPLES, TASKS)
    return str(tmp_path)


def test_a_run_that_has_yet_to_begin_has_none(tmp_path):
    assert as_recorded(str(tmp_path), EXAMPLES) is None


def test_examples_come_back_in_their_order_and_split(run):
    now = EXAMPLES.iloc[[2, 0, 1]].assign(split="", mtime_ns=9, weight=0.5).reset_index(drop=True)
    pd.testing.assert_frame_equal(as_recorded(run, now), EXAMPLES.assign(mtime_ns=9, weight=0.5))


def test_images_that_came_later_are_left_out(run, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    new = EXAMPLES.iloc[[0, 0]].assign(path=["0.png", "z.png"])
    pd.testing.assert_frame_equal(as_recorded(run, pd.concat([new, EXAMPLES], ignore_index=True)), EXAMPLES)
    assert said == ["2 images that came after the run's begin are left out."]


def test_images_that_are_gone(run):
    with pytest.raises(InputError) as raised:
        as_recorded(run, EXAMPLES.iloc[:1])
    assert str(raised.value) == (
        f"2 of the images that the run in {run!r} began with are gone, such as 'a, b.png': put them back to "
        f"go on, or start a new run in another --model_dir."
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"size": np.array([10, 2**53, 12])},
        {"kind": pd.Series(["x", "x", "NA"], dtype=object)},
        {"tags": pd.Series(["u|v", None, None], dtype=object)},
    ],
)
def test_images_that_are_others(run, changed):
    with pytest.raises(InputError) as raised:
        as_recorded(run, EXAMPLES.assign(**changed))
    assert str(raised.value) == (
        f"1 of the images that the run in {run!r} began with are not what they were, such as 'a, b.png': put "
        f"them back to go on, or start a new run in another --model_dir."
    )
