"""Trials of a sweep that train on images: each a run of its own, and the winner that of the trial."""

import errno
import os

import pandas as pd
import pytest

from retrain.commands.sweep.image_trial import image_trial, image_trial_run
from retrain.commands.sweep.judging import Judging
from retrain.commands.train.prepare import prepare
from retrain.errors import RefusedError
from retrain.head_search.budget import PLAIN
from retrain.metric import LOSS
from retrain.runs.run import Run
from retrain.system_errors import writing
from tests import tiny_worlds
from tests.commands.sweep.trial_worlds import trial_of

SHORT = ["--max_steps=6", "--batch_size=6", "--export_formats=saved_model"]
SPACE = ["--sweep=fine_tune=false,true", "--sweep=base_learning_rate_factor=0.1,1", "--sampler=grid"]


def test_frozen_and_fine_tuned_trials_stand_side_by_side(command, colour_folder, metrics, tmp_path):
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


def test_a_module_that_cannot_be_fine_tuned_fails_its_trial(tmp_path):
    plan, judging = (
        trial_of("kind", tfhub_module="builtin:gradients", fine_tune=True),
        Judging(LOSS, None, PLAIN, costs=False),
    )
    record = image_trial(plan, prepare, judging, Run(tmp_path))
    assert (record.value, record.figures, len(record.scores)) == (None, {}, 0)
    assert record.reason == (
        "--fine_tune trains the variables of a module, and 'builtin:gradients' has none that can be trained: "
        "leave it out, or use another module."
    )


def test_a_full_disk_is_not_the_trials_fault(tmp_path, monkeypatch):
    def full(plan, prepared):
        with writing("runs"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("retrain.commands.sweep.image_trial.train_model", full)
    judging = Judging(LOSS, None, PLAIN, costs=False)
    with pytest.raises(RefusedError, match=r"^There is no room on the disk for 'runs'"):
        image_trial(trial_of("kind", fine_tune=True), lambda plan: "prepared", judging, Run(tmp_path))


def test_a_trial_goes_on_where_its_flags_say(tmp_path):
    one, again, other = (
        image_trial_run(Run(tmp_path), trial_of("kind", fine_tune=True, learning_rate=rate).config).path
        for rate in (0.1, 0.1, 0.5)
    )
    assert one.parent == tmp_path / "trials"
    assert one == again != other
