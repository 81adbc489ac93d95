import json
import os

import pandas as pd
import pytest
import tensorflow as tf
from absl import logging

from retrain import __version__, files
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.commands.train.records import begin_run, write_exports
from retrain.errors import InputError
from retrain.examples.recorded import data_fingerprint
from retrain.export import EXPORTERS, ExporterRow, ExportOptions
from retrain.runs.run import Run
from retrain.settings.config import Config, to_json
from retrain.settings.results import ResultSettings
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


THIS = "retrain.commands.train.records"


@pytest.fixture
def fresh_run(tmp_path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def warned(monkeypatch) -> list[str]:
    """The warnings on the log."""
    found: list[str] = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: found.append(text % values))
    return found


@pytest.fixture
def formats(monkeypatch, tmp_path):
    """Rows of EXPORTERS that raise these errors, or write nothing where there is none."""

    def make(**errors: BaseException | None) -> ResultSettings:
        def write(error: BaseException | None):
            def writer(model: object, directory: str, options: ExportOptions) -> None:
                if error is not None:
                    raise error

            return writer

        writers = {name: write(error) for name, error in errors.items()}
        monkeypatch.setattr(f"{THIS}.exporter", writers.__getitem__)
        return ResultSettings(export_formats=tuple(errors))

    return make


def recorded(fresh_run: Run):
    return json.loads((fresh_run.path / "exports.json").read_text("utf-8"))


def test_all_are_written_and_that_is_recorded(fresh_run, formats):
    names = formats(saved_model=None, tflite=None)
    assert write_exports(None, fresh_run, names) == [
        fresh_run.export("saved_model"),
        fresh_run.export("tflite"),
    ]
    assert recorded(fresh_run) == {"written": ["saved_model", "tflite"], "failed": {}}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("A sentence."), "A sentence."),
        (ValueError("One line.\nAnd many more."), "One line."),
        (AssertionError(), "AssertionError"),
        (
            tf.errors.UnimplementedError(None, None, "No kernel for Frobnicate"),
            "No kernel for Frobnicate",
        ),
    ],
)
def test_one_that_fails_is_told_in_a_sentence_and_the_others_are_written(
    fresh_run, formats, warned, error, reason
):
    names = formats(saved_model=None, hub_module=error, tflite=None)
    assert write_exports(None, fresh_run, names) == [
        fresh_run.export("saved_model"),
        fresh_run.export("tflite"),
    ]
    assert recorded(fresh_run) == {"written": ["saved_model", "tflite"], "failed": {"hub_module": reason}}
    assert warned == [f"The format hub_module cannot be written, and is left out: {reason}"]


def test_none_could_be_written(fresh_run, formats):
    assert write_exports(None, fresh_run, formats(saved_model=ValueError("No."))) == []
    assert recorded(fresh_run) == {"written": [], "failed": {"saved_model": "No."}}


def test_an_interruption_is_none_of_the_format(fresh_run, formats):
    with pytest.raises(KeyboardInterrupt):
        write_exports(None, fresh_run, formats(saved_model=None, hub_module=KeyboardInterrupt()))
    assert not (fresh_run.path / "exports.json").exists()


def test_rows_of_the_table_are_what_is_asked(fresh_run, monkeypatch, loaded_module):
    written = []
    monkeypatch.setattr(f"{THIS}.noted", lambda model, *given: written.append(given), raising=False)
    monkeypatch.setitem(EXPORTERS, "noted", ExporterRow(f"{THIS}:noted"))
    settings = ResultSettings(export_formats=("noted",), default_signature="bytes")
    assert write_exports(loaded_module, fresh_run, settings) == [fresh_run.export("noted")]
    assert written == [(fresh_run.export("noted"), ExportOptions(takes_bytes=True))]
