import json
import os
import pathlib

import pandas as pd
import pytest
from retrain.runs.begin_run import begin_run
from retrain.runs.run_directory import flags_of_run

from retrain import files
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.config import Config, from_json

HEADS = {"label": SoftmaxHead(["x", "y"])}
EXAMPLES = pd.DataFrame({"path": ["1.png"], "label": ["x"], "split": ["train"], "size": [7], "mtime_ns": [1]})
SKIPPED = pd.DataFrame({"path": ["2.png"], "reason": ["empty file"]})
REPORT = {"images": 1}
BEGUN = ["config.json", "data_report.json", "examples.csv", "labels.txt", "run.flags", "skipped.csv"]


@pytest.fixture
def run(tmp_path) -> pathlib.Path:
    begin_run(str(tmp_path), Config.of(seed=1), EXAMPLES, HEADS, SKIPPED, REPORT)
    return tmp_path


def names(directory: pathlib.Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_a_run_that_begins_writes_down_what_it_is(run):
    assert names(run) == BEGUN
    assert from_json((run / "config.json").read_text()) == Config.of(seed=1)
    assert flags_of_run(str(run))["seed"] == "1"
    assert (run / "labels.txt").read_text() == "x\ny\n"
    assert (run / "skipped.csv").read_text() == "path,reason\n2.png,empty file\n"
    assert json.loads((run / "data_report.json").read_text()) == REPORT
    assert (run / "examples.csv").read_text() == "path,split,size,label\n1.png,train,7,x\n"


def test_a_run_that_was_killed_at_its_beginning_begins_again(run):
    for name in ("examples.csv", "labels.txt", "config.json"):
        os.remove(run / name)
    begin_run(str(run), Config.of(seed=1), EXAMPLES, HEADS, SKIPPED, REPORT)
    assert names(run) == BEGUN


def test_of_a_run_that_goes_on_only_what_it_needs_stays(run):
    for name in ("export/saved_model/saved_model.pb", "export/.hub_module.0123abcd.partial/saved_model.pb"):
        files.write_text(run / name, "")
    files.write_text(run / ".predictions.csv.0123abcd.partial", "half")
    files.write_text(run / "ckpt-7" / "variables.index", "")
    begin_run(str(run), Config.of(seed=1), EXAMPLES.assign(size=8), HEADS, SKIPPED.iloc[:0], None)
    assert names(run) == sorted([*BEGUN, "ckpt-7"])
    assert (run / "skipped.csv").read_text() == "path,reason\n2.png,empty file\n"
    assert (run / "examples.csv").read_text() == "path,split,size,label\n1.png,train,7,x\n"


def test_of_a_finished_run_that_goes_on_nothing_is_lost(run):
    for name in (
        "export/saved_model/saved_model.pb",
        "metrics.json",
        "predictions.csv",
        "ckpt-7/variables.index",
    ):
        files.write_text(run / name, name)
    begin_run(str(run), Config.of(seed=1, max_steps=9), EXAMPLES, HEADS, SKIPPED, None)
    assert names(run) == sorted([*BEGUN, "ckpt-7", "step-7"])
    assert names(run / "step-7") == ["export", "metrics.json", "predictions.csv"]
    assert (run / "step-7" / "export" / "saved_model" / "saved_model.pb").exists()
    assert from_json((run / "config.json").read_text()).max_steps == 9
