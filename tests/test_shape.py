"""The shape of the house in numbers (STYLE.md, part 1): how long, how many, how deep; a program tells all.

python -m tests.test_shape
"""

import ast
import functools
import statistics
from collections.abc import Iterator, Mapping

from tests.test_floors import MODULES, ROOT, TREES, folder, imported_modules

# A base class, whose promises are those of every row.
TESTED_BY_CONTRACTS = ("retrain.heads.head",)
MOST_LINES, MOST_PARAMETERS, MOST_POSITIONAL, DEEPEST = 35, 6, 5, 5


def functions(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef, ast.ClassDef | None]]:
    """All functions, and the class that each is a method of."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                yield child, node if isinstance(node, ast.ClassDef) else None


def lines(function: ast.FunctionDef) -> int:
    """Lines without the docstring."""
    total = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return total
    docstring = function.body[0]
    return total - (docstring.end_lineno - docstring.lineno + 1)


def parameters(function: ast.FunctionDef) -> int:
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)


def is_constructor(function: ast.FunctionDef, of: ast.ClassDef | None) -> bool:
    return of is not None and function.name == "__init__" and not of.name.startswith("_")


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def deepest(members: Mapping[str, set[str]]) -> list[str]:
    """The longest chain of imports among the modules of a folder."""

    @functools.cache
    def tower(module: str) -> tuple[str, ...]:
        below = [tower(other) for other in sorted(members[module])]
        return (module, *max(below, key=len, default=()))

    return list(max(map(tower, members), key=len))


@functools.cache
def folders() -> dict[str, dict[str, set[str]]]:
    """Of each folder its modules, but for its __init__, and what each imports of the same folder."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        if MODULES[module].name != "__init__.py":
            found.setdefault(folder(module), set()).add(module)
    return {
        name: {module: imported_modules(module) & members - {module} for module in members}
        for name, members in found.items()
    }


def test_functions_are_short_and_take_few_parameters():
    found = [(module, *pair) for module, tree in TREES.items() for pair in functions(tree)]
    assert [(module, f.name) for module, f, _ in found if lines(f) > MOST_LINES] == []
    many = [(module, f, of) for module, f, of in found if parameters(f) > MOST_PARAMETERS]
    assert [(module, f.name) for module, f, of in many if not is_constructor(f, of)] == []


def test_calls_name_what_they_pass():
    found = [(module, call) for module, tree in TREES.items() for call in calls(tree)]
    positional = [(module, call) for module, call in found if len(call.args) > MOST_POSITIONAL]
    literal = [
        (module, call)
        for module, call in found
        for argument in call.args
        if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple | ast.List)
    ]
    assert [(module, ast.unparse(call.func)) for module, call in positional + literal] == []


def test_no_folder_is_a_tower():
    towers = {name: deepest(members) for name, members in folders().items()}
    assert {name: tower for name, tower in towers.items() if len(tower) > DEEPEST} == {}


def test_no_two_files_share_a_name():
    """But for the two functions of a verb, and for a section of the settings, called after its stage."""
    paths = [path for path in MODULES.values() if path.parent.name != "settings"]
    names = [path.stem for path in paths if path.stem not in ("__init__", "check", "run")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_file_that_decides_something_has_a_test_file():
    decide = [module for module, tree in TREES.items() if any(True for _ in functions(tree))]
    paths = [MODULES[module].relative_to(ROOT / "retrain") for module in set(decide) - {*TESTED_BY_CONTRACTS}]
    mirrored = [ROOT / "tests" / path.parent / f"test_{path.stem.strip('_')}.py" for path in paths]
    assert [path for path in mirrored if not path.exists()] == []


def figures() -> dict[str, object]:
    """What the closing note of a large change tells."""
    texts = {module: path.read_text().splitlines() for module, path in MODULES.items()}
    of_files = [len(text) for module, text in texts.items() if MODULES[module].name != "__init__.py"]
    of_functions = [lines(f) for tree in TREES.values() for f, _ in functions(tree)]
    counts = [
        parameters(f) for tree in TREES.values() for f, of in functions(tree) if not is_constructor(f, of)
    ]
    towers = {name: deepest(members) for name, members in folders().items()}
    importers = {module: sum(module in imported_modules(other) for other in MODULES) for module in MODULES}
    return {
        "source lines": sum(map(len, texts.values())),
        "files": len(of_files),
        "median file": statistics.median(of_files),
        "largest file": max(of_files),
        "files with one importer": sum(count == 1 for count in importers.values()),
        "functions": len(of_functions),
        "median function": statistics.median(of_functions),
        "longest function": max(of_functions),
        "functions above 6 parameters": sum(count > MOST_PARAMETERS for count in counts),
        "calls with more than 5 positional arguments": sum(
            len(call.args) > MOST_POSITIONAL for tree in TREES.values() for call in calls(tree)
        ),
        "deepest towers": {name: len(tower) for name, tower in towers.items() if len(tower) > 3},
    }


if __name__ == "__main__":
    for name, value in figures().items():
        print(f"{name}: {value}")
