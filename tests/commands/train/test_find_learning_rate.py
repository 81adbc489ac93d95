import os
import re

from retrain.runs.run import NEW, Run
from tests.commands.worlds import FINE_TUNE, noisy_photos
from tests.tiny_worlds import averaging_module


def test_the_rate_is_told_and_plotted_and_nothing_else_is_done(command, tmp_path):
    images, module = noisy_photos(tmp_path / "photos"), averaging_module(tmp_path / "module")
    run = tmp_path / "run"
    flags = [
        f"--image_dir={images}",
        f"--tfhub_module={module}",
        *FINE_TUNE,
        "--augment=none",
        f"--model_dir={run}",
    ]
    result = command(*flags, "--find_learning_rate")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0] == "learning rate      loss  smoothed"
    assert re.fullmatch(r" +1\.00e-06 +\S+ +\S+", lines[1])
    assert lines[-2] == f"The curve is in {run}/learning_rates.png."
    assert re.fullmatch(r"Suggestion: --learning_rate=[\d.e-]+", lines[-1])
    assert os.listdir(run) == ["learning_rates.png"]
    # The run itself may begin in the same directory.
    assert Run(run).state == NEW
