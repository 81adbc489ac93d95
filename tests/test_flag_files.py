"""Every file in flags/ parses, and opens with its command, the time it takes and the expected result."""

import pathlib
import re

import pytest

from retrain.__main__ import main
from retrain.flags import parse

ROOT = pathlib.Path(__file__).parents[1]
FLAG_FILES = sorted((ROOT / "flags").glob("*.flags"))
OF_PHOTOS = "clothing_mobilenet_v2.flags"
TUTORIALS = ("retrain_tutorial", "make_image_classifier_tutorial")


def command(path: pathlib.Path) -> list[str]:
    """The command line that the file opens with, as it is given to `parse`."""
    line = re.search(r"\n#   python -m (retrain .*)\n", path.read_text())[1]
    return line.replace("=flags/", f"={path.parent}/").split()


def test_there_are_flag_files():
    assert FLAG_FILES


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.name)
def test_it_parses(path):
    assert parse(command(path)).given


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.name)
def test_it_opens_with_command_time_and_result(path):
    head = path.read_text().partition("\n--")[0]
    assert f"--flagfile={path}" in command(path)
    assert re.search(r"\n# Time: .*\d+ s", head)
    assert re.search(r"\n# Result: .*\d+", head)


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.name)
def test_it_runs_as_it_is(path):
    """On what comes with the project, but for the file that says that its data are the user's own."""
    data = parse(command(path)).config.data
    if path.name == OF_PHOTOS:
        assert "Name your own" in path.read_text()
    else:
        assert (ROOT / data.image_dir).is_dir()
        assert (ROOT / data.image_dir).is_relative_to(ROOT / "data_samples")


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_command_line_of_a_tutorial_runs(name, tmp_path, monkeypatch):
    """With what it writes in another place, and fewer steps."""
    copy = tmp_path / "tutorial.flags"
    copy.write_text((ROOT / "flags" / f"{name}.flags").read_text().replace("=/tmp/", f"={tmp_path}/"))
    monkeypatch.chdir(ROOT)
    words = [f"--flagfile={copy}", f"--model_dir={tmp_path}/run", "--max_steps=50", "--learning_rate=1"]
    words += ["--how_many_training_steps=50"] if name == "retrain_tutorial" else []
    assert main(["retrain", *words, "--export_formats=saved_model"]) == 0
    given = parse(["retrain", *words]).config.results
    assert pathlib.Path(given.labels_output_file).read_text() == "boat\nfish\nhouse\ntree\n"
    assert pathlib.Path(given.saved_model_dir, "saved_model.pb").is_file()
    assert pathlib.Path(given.output_graph or given.tflite_output_file).stat().st_size > 1000
