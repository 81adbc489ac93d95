"""Runs that are broken off and go on in the same directory: nothing of the result tells."""

import json
import os
import shutil
import signal

from retrain.training import driver, pixel_training
from retrain.training.pixel_training import PixelTraining
from tests.examples.test_near_duplicates import copy, picture
from tests.run_contents import contents


def interrupt_at(monkeypatch, step: int, number: int) -> None:
    """Sends this process a signal while a run is at a step."""
    note = PixelTraining._note

    def interrupted(self, report):
        note(self, report)
        if report.step == step:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(PixelTraining, "_note", interrupted)


def test_a_signal_saves_a_checkpoint_and_the_run_goes_on_as_if_never_stopped(
    command, tuned_flags, tuned_run, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7, signal.SIGTERM)
        # One step a call, so that one ends at 7.
        patch.setattr(driver, "STEPS_PER_CALL", 1)
        result = command(*tuned_flags, f"--model_dir={run}")
    assert (result.status, result.out) == (143, "")
    assert result.err.splitlines()[-1] == (
        f"retrain: terminated. Go on with: python -m retrain --flagfile={run}/run.flags --model_dir={run}"
    )
    assert (run / "ckpt-7").is_dir()
    assert not (run / "metrics.json").exists()
    with monkeypatch.context() as patch:
        interrupt_at(patch, 8, signal.SIGINT)
        again = command(f"--flagfile={run}/run.flags", f"--model_dir={run}")
    assert again.status == 130
    assert again.err.splitlines()[-1].startswith("retrain: interrupted. Go on with: ")
    assert "Step 8 of 12: " in again.err
    assert "Step 4 of 12: " not in again.err
    assert command(*tuned_flags, f"--model_dir={run}").status == 0
    found = contents(run)
    del found["ckpt-7"]
    assert found == contents(tuned_run)


def test_checkpoints_by_time_change_nothing(command, tuned_flags, tuned_run, tmp_path, monkeypatch):
    monkeypatch.setattr(pixel_training, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(driver, "STEPS_PER_CALL", 1)
    run = tmp_path / "run"
    assert command(*tuned_flags, f"--model_dir={run}").status == 0
    found, expected = contents(run), contents(tuned_run)
    steps = {name for name in expected if name.startswith("ckpt-")}
    assert {name for name in found if name.startswith("ckpt-")} > steps - {"ckpt-0", "ckpt-4"}
    assert {name: found[name] for name in set(found) & set(expected)} == {
        name: expected[name] for name in set(found) & set(expected)
    }


def test_a_finished_run_is_left_as_it_is(command, tuned_flags, tuned_run):
    before = contents(tuned_run)
    result = command(*tuned_flags, f"--model_dir={tuned_run}")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        f"retrain: --model_dir={str(tuned_run)!r} holds a finished run: a --max_steps above 12 trains on, "
        "with all other settings as they were; or name a new directory.\n"
    )
    assert contents(tuned_run) == before


def test_a_finished_run_is_trained_on_for_more_steps(command, tuned_flags, tuned_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tuned_run, run)
    longer = [word for word in tuned_flags if "max_steps" not in word]
    result = command(*longer, "--max_steps=20", f"--model_dir={run}")
    assert result.status == 0
    assert "Step 16 of 20: " in result.err
    assert "Step 12 of 20: " not in result.err
    assert (run / "ckpt-20").is_dir()
    for name in ("metrics.json", "predictions.csv", "predictions.png", "exports.json"):
        assert (run / "step-12" / name).read_bytes() == (tuned_run / name).read_bytes()
    for name in ("step-12/export/saved_model", "export/saved_model", "export/hub_module"):
        assert (run / name).is_dir()
    assert json.loads((run / "exports.json").read_text())["failed"] == {}


def test_a_run_killed_while_it_exported_goes_on(command, tuned_flags, tuned_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tuned_run, run)
    os.remove(run / "exports.json")
    shutil.rmtree(run / "export" / "hub_module")
    result = command(*tuned_flags, f"--model_dir={run}")
    assert result.status == 0
    assert "Step " not in result.err
    assert contents(run) == contents(tuned_run)
    assert (run / "exports.json").read_bytes() == (tuned_run / "exports.json").read_bytes()


def test_a_frozen_run_that_goes_on_judges_labels_by_the_same_groups(command, averaging_module, tmp_path):
    """Copies are in one fold, as if it had never stopped."""
    for index in range(24):
        path = tmp_path / "photos" / "ab"[index % 2] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(index).save(path)
        if index < 8:
            copy(picture(index), 0).save(path.with_name(f"{index:02}-again.png"))
    whole, run = tmp_path / "whole", tmp_path / "run"
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", "--max_steps=60"]
    first = command(*flags, f"--model_dir={whole}")
    assert first.status == 0
    assert "Found 8 sets of near duplicates (16 images)." in first.err
    shutil.copytree(whole, run)
    for name in ("exports.json", "metrics.json", "label_issues.csv", "predictions.csv"):
        os.remove(run / name)
    assert command(*flags, f"--model_dir={run}").status == 0
    assert contents(run) == contents(whole)


def test_before_anything_is_written_the_same_command_begins_again(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    def interrupted(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("retrain.head_search.search.choose_each", interrupted)
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}"]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 143
    assert result.err.splitlines()[-1] == (
        "retrain: terminated. The same command begins again, with what features are in the cache."
    )
    assert os.listdir(tmp_path) == []
