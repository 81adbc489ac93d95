import os
import re

from tests.commands.test_resume import FINE_TUNE, photos
from tests.tiny_worlds import averaging_module


def test_the_rate_is_told_and_plotted_and_nothing_else_is_done(command, tmp_path):
    images, module = photos(tmp_path / "photos"), averaging_module(tmp_path / "module")
    run = tmp_path / "run"
    flags = [f"--image_dir={images}", f"--tfhub_module={module}", *FINE_TUNE, f"--model_dir={run}"]
    result = command(*flags, "--find_learning_rate")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0] == "learning rate      loss  smoothed"
    assert re.fullmatch(r" +1\.00e-06 +\S+ +\S+", lines[1])
    assert lines[-2] == f"The curve is in {run}/learning_rates.png."
    assert re.fullmatch(r"Suggestion: --learning_rate=[\d.e-]+", lines[-1])
    assert os.listdir(run) == ["learning_rates.png"]
    assert command(*flags).status == 0  # the run itself, in the same directory


def test_a_head_on_features_has_no_rate_to_find(command, colour_folder, averaging_module):
    result = command(f"--image_dir={colour_folder}", "--find_learning_rate")
    assert result.status == 2
    assert result.err.startswith("retrain: --find_learning_rate")
