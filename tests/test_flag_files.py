"""Every file in flags/ parses, and opens with its command, the time it takes and the expected result."""

import pathlib
import re

import pytest

from retrain.flags import parse

ROOT = pathlib.Path(__file__).parents[1]
FLAG_FILES = sorted((ROOT / "flags").iterdir())


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
