"""The house rule: what is known of a setting stands in its field, and no list elsewhere repeats names."""

import ast
import pathlib

import pytest

from retrain.settings.config import FIELDS

SOURCES = pathlib.Path(__file__).parents[2] / "retrain"
FILES = [
    path.relative_to(SOURCES).as_posix()
    for path in sorted(SOURCES.rglob("*.py"))
    if path.parent.name != "settings" and path != SOURCES / "flags.py"  # which has the predecessors' names
]


def lists_of_settings(text: str) -> list[list[str]]:
    """The names in each list, tuple or set that holds three or more names of settings."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.List | ast.Tuple | ast.Set)]
    words = [[one.value for one in node.elts if isinstance(one, ast.Constant)] for node in nodes]
    found = [[word for word in some if isinstance(word, str) and word in FIELDS] for some in words]
    return [names for names in found if len(names) >= 3]


def test_a_list_of_settings_is_found():
    assert lists_of_settings("x = {'seed', 'ema', 'trials', other}") == [["seed", "ema", "trials"]]
    assert lists_of_settings("f(a=('seed', 'ema', 'colour'))") == []


@pytest.mark.parametrize("file", FILES)
def test_no_list_repeats_the_names_of_settings(file):
    assert lists_of_settings((SOURCES / file).read_text("utf-8")) == []
