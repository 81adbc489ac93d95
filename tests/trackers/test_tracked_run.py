import pytest
from absl import logging

from retrain.trackers import TRACKERS, TrackerRow
from retrain.trackers.tracked_run import track, tracked_run
from tests.trackers.worlds import ended

RECORDED = []


def record(run):
    RECORDED.append(run.name)
    return "in a list"


def fail(run):
    raise ConnectionError("no route\nto the host")


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, lambda text, *values: lines.append(text % values))
    return lines


def test_what_a_run_has_left(tmp_path):
    run = ended(tmp_path / "my run")
    found = tracked_run(run)
    assert found.name == "my run"
    assert found.flags == {"seed": "3", "dropout_rate": "0.2"}
    assert found.figures == {
        "validation/loss": 0.5,
        "validation/accuracy": 0.75,
        "test/accuracy/猫:1": 0.25,
        "global_step": 20.0,
    }
    assert [*found.curves] == ["train/loss"]
    assert found.curves["train/loss"].values.tolist() == [2.0, 1.0]
    assert found.files == [
        run.file(name) for name in ("report.html", "metrics.json", "run.flags", "config.json")
    ]
    assert found.exports == {"saved_model": run.export("saved_model")}


def test_where_it_is_recorded_is_told(tmp_path, logged, monkeypatch):
    monkeypatch.setitem(TRACKERS, "mlflow", TrackerRow(f"{__name__}:record", "json", ""))
    track(ended(tmp_path / "run"), "mlflow")
    assert RECORDED[-1] == "run"
    assert logged == ["Recorded by mlflow: in a list."]


def test_a_service_that_cannot_be_reached_costs_the_record_only(tmp_path, logged, monkeypatch):
    monkeypatch.setitem(TRACKERS, "wandb", TrackerRow(f"{__name__}:fail", "json", ""))
    track(ended(tmp_path / "run"), "wandb")
    assert logged == ["The run cannot be recorded by wandb: no route"]
