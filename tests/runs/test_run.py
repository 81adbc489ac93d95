import pathlib
import re
import time

import pytest

from retrain import files
from retrain.runs.run import FINISHED, FOREIGN, NEW, SWEEP, UNFINISHED, Run, run_for
from retrain.settings.config import Config, to_flags

CONFIG = Config.of(image_dir="/photos", seed=3)


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path / "my run")


def begun(run: Run, verb: str = "train", config: Config = CONFIG) -> None:
    run.begun_with("{}\n", to_flags(config, verb))


def test_the_state_of_a_run(run):
    assert run.state == NEW
    run.path.mkdir()
    for name in (
        "study.db",
        "study.db-wal",
        "learning_rates.png",
        "data_report.json",
        ".run.flags.0123abcd.partial",
    ):
        run.write(name, "")
        assert run.state == NEW
    begun(run)
    assert run.state == UNFINISHED
    run.write("metrics.json", "{}")
    assert run.state == UNFINISHED
    run.write("exports.json", "{}")
    assert run.state == FINISHED
    run.write("sweep.flags", "")
    assert run.state == SWEEP


def test_a_run_whose_exports_are_there_and_not_yet_named_goes_on(run):
    begun(run, config=Config.of(image_dir="/photos", export_formats=("saved_model",)))
    run.write("metrics.json", "{}")
    pathlib.Path(run.export("saved_model")).mkdir(parents=True)
    assert run.state == UNFINISHED
    run.write("exports.json", "{}")
    assert run.state == FINISHED


def test_what_is_no_training_run_is_foreign(run):
    run.write("novel.txt", "")
    assert run.state == FOREIGN
    begun(run, "evaluate")
    assert (run.state, run.flags) == (FOREIGN, None)


def test_the_flags_and_the_steps_of_a_run(run):
    assert (run.flags, run.steps_taken) == (None, 0)
    begun(run)
    for step in (9, 12):
        files.write_text(run.path / f"ckpt-{step}" / "variables.index", "")
    assert run.flags["seed"] == "3"
    assert run.steps_taken == 12


def test_how_a_run_goes_on(run):
    assert run.how_to_go_on() == "The same command begins again, with what features are in the cache."
    begun(run)
    assert run.how_to_go_on() == (
        f"Go on with: python -m retrain --flagfile='{run}/run.flags' --model_dir='{run}'"
    )
    run.write("sweep.flags", "")
    assert run.how_to_go_on() == (
        f"Go on with: python -m retrain sweep --flagfile='{run}/sweep.flags' --model_dir='{run}'"
    )


def test_a_new_run_is_named_after_the_folder_and_the_time():
    assert str(run_for("mine", "/photos/")) == "mine"
    new = run_for(None, "/all/photos/")
    assert re.fullmatch(r"runs/photos-\d{8}-\d{6}", str(new))
    assert new.is_default


def test_the_seconds_of_a_stage_add_up_also_when_it_fails(run, monkeypatch):
    now = iter([10.0, 11.5, 20.0, 20.25, 30.0, 31.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    with run.timed("exports"):
        pass
    with pytest.raises(KeyError), run.timed("exports"):
        raise KeyError
    with run.timed("heads"):
        pass
    assert run.seconds == {"exports": 1.75, "heads": 1.0}
