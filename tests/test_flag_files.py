"""Every file in flags/ parses, and opens with its command, the time it takes and the expected result."""

import pathlib
import re

import pytest

from retrain.flags import parse

ROOT = pathlib.Path(__file__).parents[1]
FLAG_FILES = sorted((ROOT / "flags").iterdir())


def test_there_are_flag_files():
    assert FLAG_FILES


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.name)
def test_it_parses(path):
    assert parse(["retrain", f"--flagfile={path}"]).given


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.name)
def test_it_opens_with_command_time_and_result(path):
    head = path.read_text().partition("\n--")[0]
    assert f"#   python -m retrain --flagfile=flags/{path.name}\n" in head
    assert re.search(r"\n# Time: .*\d+ s", head)
    assert re.search(r"\n# Result: .*\d+", head)
