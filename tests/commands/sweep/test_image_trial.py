"""Trials of a sweep that train on images: each a run of its own, and the winner that of the trial."""

import json
import pathlib

import pandas as pd

from tests import tiny_worlds

SHORT = ["--max_steps=6", "--batch_size=6", "--export_formats=saved_model"]
SPACE = ["--sweep=fine_tune=false,true", "--sweep=base_learning_rate_factor=0.1,1", "--sampler=grid"]


def metrics(run: pathlib.Path):
    return json.loads((run / "metrics.json").read_text())


def test_frozen_and_fine_tuned_trials_stand_side_by_side(command, colour_folder, tmp_path):
    module, run = tiny_worlds.averaging_module(tmp_path / "module"), tmp_path / "sweep"
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", *SHORT]
    result = command("sweep", *given, *SPACE, "--objective=validation/average_loss", f"--model_dir={run}")
    assert result.status == 0, result.err
    table = pd.read_csv(run / "sweep.csv")
    assert table["status"].tolist() == ["finished"] * 4
    frozen, tuned = (table[table["fine_tune"] == value]["average_loss"].tolist() for value in (False, True))
    assert frozen[0] == frozen[1]
    chosen = table["average_loss"].min()
    found = metrics(run / "best")["validation"]["average_loss"]
    assert abs(found - chosen) < 1e-3
    # What a frozen base does not read is not in its flags, so that train takes them.
    again = command(f"--flagfile={run / 'best.flags'}", f"--model_dir={tmp_path / 'again'}")
    assert again.status == 0, again.err
    assert metrics(tmp_path / "again") == metrics(run / "best")
    kept = len(list((run / "trials").iterdir()))
    assert kept == (1 if chosen in tuned and chosen not in frozen else 2)


def test_a_module_that_cannot_be_fine_tuned_fails_its_trial(command, colour_folder, tmp_path):
    given = [f"--image_dir={colour_folder}", f"--model_dir={tmp_path / 'sweep'}", *SHORT]
    result = command("sweep", *given, "--sweep=fine_tune=false,true", "--sampler=grid")
    assert result.status == 0, result.err
    table = pd.read_csv(tmp_path / "sweep" / "sweep.csv").set_index("fine_tune")
    assert table["status"].to_dict() == {False: "finished", True: "failed"}
    assert table["reason"][True] == (
        "--fine_tune trains the variables of a module, and 'builtin:' has none that can be trained: leave it "
        "out, or use another module."
    )


def test_folds_are_for_heads(command, colour_folder):
    result = command("sweep", f"--image_dir={colour_folder}", "--sweep=fine_tune=false,true", "--folds=5")
    assert (result.status, result.err) == (
        2,
        "retrain: --folds=5 judges heads on remembered features, but with --fine_tune or --augment each fold "
        "would be a training of its own: leave out one of the two.\n",
    )
