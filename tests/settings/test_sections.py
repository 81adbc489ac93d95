"""The house rule: what is known of a setting stands in its field, and no list elsewhere repeats names.

Not meant are the names that the predecessors had (predecessors.ALIASES), and `reads` of a source of modules:
which settings it reads is known of the source, whose row it is, and not of the setting.
"""

import ast
import pathlib
from collections.abc import Iterator

from retrain.settings.config import FIELDS

SOURCES = pathlib.Path(__file__).parents[2] / "retrain"
FILES = [
    path.relative_to(SOURCES).as_posix()
    for path in sorted(SOURCES.rglob("*.py"))
    if path.parent.name != "settings" and path != SOURCES / "flags.py"
]


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below, but not what is assigned to `reads`."""
    if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["reads"]:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from nodes(child)


def lists_of_settings(text: str) -> list[list[str]]:
    """The names in each list, tuple or set that holds three or more names of settings."""
    literals = [node for node in nodes(ast.parse(text)) if isinstance(node, ast.List | ast.Tuple | ast.Set)]
    words = [[one.value for one in node.elts if isinstance(one, ast.Constant)] for node in literals]
    found = [[word for word in some if isinstance(word, str) and word in FIELDS] for some in words]
    return [names for names in found if len(names) >= 3]


def test_a_list_of_settings_is_found():
    assert lists_of_settings("x = {'seed', 'ema', 'trials', other}") == [["seed", "ema", "trials"]]
    assert lists_of_settings("f(a=('seed', 'ema', 'colour'))") == []
    assert lists_of_settings("class A:\n  reads = frozenset({'seed', 'ema', 'trials'})") == []


def test_no_list_repeats_the_names_of_settings():
    found = {file: lists_of_settings((SOURCES / file).read_text("utf-8")) for file in FILES}
    assert {file: lists for file, lists in found.items() if lists} == {}
