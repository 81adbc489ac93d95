import json
import os

import pandas as pd
import pytest

from retrain import __version__, files
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.commands.train.records import begin_run
from retrain.examples.recorded import data_fingerprint
from retrain.runs.run import Run
from retrain.settings.config import Config, to_json
from tests.examples.worlds import made_up

EXAMPLES = made_up(["1.png", "3.png"], kind=["x", "y"], tags=["a|b", "a"]).with_splits(["train", "test"])
LEFT_OUT = pd.DataFrame({"path": ["2.png"], "reason": ["empty file"]})
PREPARED = Prepared(None, EXAMPLES, LEFT_OUT, {"images": 1}, {})
BEGUN = [
    *("config.json", "data_report.json", "examples.csv", "labels.tags.txt", "labels.txt"),
    *("run.flags", "skipped.csv"),
]


def begin(run: Run, prepared: Prepared = PREPARED, **settings: object) -> None:
    begin_run(TrainPlan(Config.of(seed=1, **settings), None, None, None, None, run), prepared)


@pytest.fixture
def run(tmp_path) -> Run:
    begin(Run(tmp_path))
    return Run(tmp_path)


def goes_on() -> Prepared:
    """What is prepared of a run that goes on: no facts."""
    return PREPARED._replace(left_out=LEFT_OUT[:0], facts=None)


def names(run: Run, folder: str = "") -> list[str]:
    return sorted(os.listdir(run.path / folder))


def test_a_run_that_begins_writes_down_what_it_is(run):
    assert names(run) == BEGUN
    about = {"version": __version__, "data_fingerprint": data_fingerprint(EXAMPLES)}
    assert (run.path / "config.json").read_text() == to_json(Config.of(seed=1), **about)
    assert run.flags["seed"] == "1"
    assert (run.path / "labels.txt").read_text() == "x\ny\n"
    assert (run.path / "labels.tags.txt").read_text() == "a\nb\n"
    assert (run.path / "skipped.csv").read_text() == "path,reason\n2.png,empty file\n"
    assert json.loads((run.path / "data_report.json").read_text()) == {"images": 1}
    assert (run.path / "examples.csv").read_text() == (
        "path,split,size,content_hash,kind,tags\n1.png,train,0,1.png,x,a|b\n3.png,test,0,3.png,y,a\n"
    )


def test_a_run_that_was_killed_at_its_beginning_begins_again(run):
    for name in ("examples.csv", "labels.txt", "config.json"):
        os.remove(run.path / name)
    begin(run)
    assert names(run) == BEGUN


def test_of_a_run_that_goes_on_only_what_it_needs_stays(run):
    for name in ("export/saved_model/saved_model.pb", "export/.hub_module.0123abcd.partial/saved_model.pb"):
        files.write_text(run.path / name, "")
    for name in (".predictions.csv.0123abcd.partial", "ckpt-7/variables.index"):
        files.write_text(run.path / name, "half")
    before = {name: (run.path / name).read_bytes() for name in BEGUN}
    begin(run, goes_on())
    assert names(run) == sorted([*BEGUN, "ckpt-7"])
    assert {name: (run.path / name).read_bytes() for name in BEGUN} == before


def test_figures_of_an_end_that_was_not_reached_are_made_again_in_their_place(run):
    run.write("metrics.json", "{}")
    begin(run, goes_on())
    assert "metrics.json" in names(run)
    assert "step-0" not in names(run)


def test_of_a_finished_run_that_goes_on_nothing_is_lost(run):
    results = ("export/saved_model/saved_model.pb", "metrics.json", "predictions.csv", "exports.json")
    for name in (*results, "label_issues.csv", "ckpt-7/variables.index"):
        files.write_text(run.path / name, name)
    begin(run, goes_on(), fine_tune=True, max_steps=9)
    assert names(run) == sorted([*BEGUN, "ckpt-7", "label_issues.csv", "step-7"])
    assert names(run, "step-7") == ["export", "exports.json", "metrics.json", "predictions.csv"]
    for name in results:
        assert (run.path / "step-7" / name).read_text() == name
    assert json.loads((run.path / "config.json").read_text())["pixels"]["max_steps"] == 9


@pytest.mark.parametrize(("moves", "state"), [(1, "finished"), (2, "unfinished")])
def test_a_kill_while_results_are_put_aside_loses_none(run, monkeypatch, moves, state):
    for name in ("metrics.json", "predictions.csv", "exports.json"):
        run.write(name, name)
    rename, moved = os.rename, []

    def killed(path, to):
        if len(moved) == moves:
            raise KeyboardInterrupt
        moved.append(path)
        rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            begin(run, goes_on())
    assert run.state == state
    begin(run, goes_on())
    assert run.state == "unfinished"
    assert names(run) == sorted([*BEGUN, "step-0"])
    assert {"metrics.json", "predictions.csv"} <= set(names(run, "step-0"))
