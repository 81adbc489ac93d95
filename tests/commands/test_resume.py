"""Runs that are broken off and go on in the same directory: nothing of the result tells."""

import json
import os
import pathlib
import signal

import numpy as np
import pytest
from PIL import Image
from retrain.training.watched_training import WatchedTraining

from retrain.training import watched_training
from tests import tiny_worlds
from tests.run_contents import contents

FINE_TUNE = [
    *("--fine_tune", "--max_steps=12", "--eval_every=4", "--batch_size=4", "--learning_rate=0.001"),
    *("--augment=light", "--dropout_rate=0.5", "--ema=0.9", "--early_stopping_patience=9"),
]


def photos(directory: pathlib.Path, count: int = 24) -> str:
    """Noise of three tints, which takes more than a glance to tell apart."""
    for index in range(count):
        name = sorted(tiny_worlds.COLOURS)[index % 3]
        pixels = np.random.default_rng(index).integers(256, size=[9, 9, 3]) * 0.8
        pixels += 0.2 * np.array(tiny_worlds.COLOURS[name])
        path = directory / name / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return str(directory)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> list[str]:
    """The flags of a fine-tuning run, of a module with batch norm, dropout and augmentation at work."""
    directory = tmp_path_factory.mktemp("world")
    module = tiny_worlds.keras_file(directory / "module")
    return [f"--image_dir={photos(directory / 'photos')}", f"--tfhub_module={module}", *FINE_TUNE]


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory) -> pathlib.Path:
    """The run of these flags that nothing interrupted."""
    from retrain.__main__ import main

    run = tmp_path_factory.mktemp("whole") / "run"
    assert main(["retrain", *world, f"--model_dir={run}"]) == 0
    return run


def interrupt_at(monkeypatch, step: int, number: int) -> None:
    """Sends this process a signal while a run is at a step."""
    account = WatchedTraining._account

    def interrupted(self, reading):
        account(self, reading)
        if reading.step == step:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(WatchedTraining, "_account", interrupted)


def test_a_signal_saves_a_checkpoint_and_the_run_goes_on_as_if_never_stopped(
    command, world, whole, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7, signal.SIGTERM)
        # Readings at every step, so that there is one at 7.
        patch.setattr("retrain.training.training_loop.STEPS_PER_CALL", 1)
        result = command(*world, f"--model_dir={run}")
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
    assert command(*world, f"--model_dir={run}").status == 0
    found = contents(run)
    del found["ckpt-7"]
    assert found == contents(whole)


def test_checkpoints_by_time_change_nothing(command, world, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(watched_training, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr("retrain.training.training_loop.STEPS_PER_CALL", 1)
    run = tmp_path / "run"
    assert command(*world, f"--model_dir={run}").status == 0
    found, expected = contents(run), contents(whole)
    steps = {name for name in expected if name.startswith("ckpt-")}
    assert {name for name in found if name.startswith("ckpt-")} > steps - {"ckpt-0", "ckpt-4"}
    assert {name: found[name] for name in set(found) & set(expected)} == {
        name: expected[name] for name in set(found) & set(expected)
    }


def test_a_finished_run_is_left_as_it_is(command, world, whole):
    before = contents(whole)
    result = command(*world, f"--model_dir={whole}")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        f"retrain: --model_dir={str(whole)!r} holds a finished run: a --max_steps above 12 trains on, with "
        f"all other flags as they were; or name a new directory.\n"
    )
    assert contents(whole) == before


def test_a_finished_run_is_trained_on_for_more_steps(command, world, tmp_path):
    run = tmp_path / "run"
    assert command(*world, f"--model_dir={run}").status == 0
    first = json.loads((run / "metrics.json").read_text())
    longer = [word for word in world if "max_steps" not in word]
    result = command(*longer, "--max_steps=20", f"--model_dir={run}")
    assert result.status == 0
    assert "Step 16 of 20: " in result.err
    assert "Step 12 of 20: " not in result.err
    assert (run / "ckpt-20").is_dir()
    assert json.loads((run / "step-12" / "metrics.json").read_text()) == first
    assert (run / "step-12" / "export" / "saved_model").is_dir()
    assert (run / "export" / "saved_model").is_dir()


def test_a_run_killed_while_it_exported_goes_on(command, world, whole, tmp_path, monkeypatch):
    def full(*_):
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("retrain.export.hub_module.write_documents", full)
        assert command(*world, f"--model_dir={run}").status == 130
    assert (run / "export" / "saved_model").is_dir()
    result = command(*world, f"--model_dir={run}")
    assert result.status == 0
    assert "Step " not in result.err
    assert contents(run) == contents(whole)


def test_a_frozen_run_that_was_broken_off_goes_on(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    def full(*_):
        raise KeyboardInterrupt

    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", "--max_steps=60"]
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert command(*flags, f"--model_dir={whole}").status == 0
    with monkeypatch.context() as patch:
        patch.setattr("retrain.export.hub_module.write_documents", full)
        assert command(*flags, f"--model_dir={run}").status == 130
    assert command(*flags, f"--model_dir={run}").status == 0
    assert contents(run) == contents(whole)


def test_before_anything_is_written_the_same_command_begins_again(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    def interrupted(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("retrain.head_search.task_heads.search_head", interrupted)
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}"]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 143
    assert result.err.splitlines()[-1] == (
        "retrain: terminated. The same command begins again, with what features are in the cache."
    )
    assert os.listdir(tmp_path) == []


def test_the_images_are_those_the_run_began_with(command, averaging_module, tmp_path, monkeypatch):
    images, run = pathlib.Path(photos(tmp_path / "photos")), tmp_path / "run"
    flags = [f"--image_dir={images}", f"--tfhub_module={averaging_module}", *FINE_TUNE]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 8, signal.SIGTERM)
        assert command(*flags, f"--model_dir={run}").status == 143
    photos(tmp_path / "more", 30)
    os.rename(tmp_path / "more" / "cyan" / "27.png", images / "cyan" / "27.png")
    moved = images / "yellow" / "02.png"
    os.rename(moved, tmp_path / "moved.png")
    result = command(*flags, f"--model_dir={run}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        f"retrain: 1 of the images that the run in {str(run)!r} began with are gone, such as "
        f"'yellow/02.png': put them back to go on, or start a new run in another --model_dir."
    )
    os.rename(tmp_path / "moved.png", moved)
    result = command(*flags, f"--model_dir={run}")
    assert result.status == 0
    assert "1 images that came after the run's begin are left out." in result.err
    assert "27.png" not in (run / "predictions.csv").read_text()
