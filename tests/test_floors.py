"""The shape of the house (DESIGN.md, floors): imports go down, and what answers first loads nothing heavy."""

import ast
import functools
import graphlib
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = sorted((ROOT / "retrain").rglob("*.py"))

# Floor of each file or folder in retrain/; the package itself ("retrain") lies below all.
FLOORS = {
    **dict.fromkeys(["retrain", "errors", "extensions", "files", "progress"], 0),
    **dict.fromkeys(
        ["cache_directory", "quiet", "signal_watch", "signals", "metric", "label_files", "plain_name"], 0
    ),
    **dict.fromkeys(
        [
            "addresses",
            "causes",
            "decoder_noise",
            "folders",
            "gfile",
            "image_claims",
            "image_files",
            "image_formats",
            "image_names",
            "members",
            "memory",
            "opaque_pixels",
            "parquet",
            "parquet_columns",
            "parquet_members",
            "plain_log",
            "names_elsewhere",
            "predecessors",
            "printable",
            "record_members",
            "row_groups",
            "system_errors",
            "tar_members",
            "tfrecord",
            "csv_text",
        ],
        0,
    ),
    "settings": 1,
    **dict.fromkeys(["familiarity", "workers"], 2),
    **dict.fromkeys(["data", "modules", "heads"], 2),
    **dict.fromkeys(["model", "keras", "features", "examples"], 3),
    **dict.fromkeys(["exporters", "evidence"], 4),
    **dict.fromkeys(["training", "head_search", "studies", "runs"], 5),
    "serving": 5,
    **dict.fromkeys(["report", "trackers"], 6),
    "commands": 7,
    **dict.fromkeys(["help_page", "flags"], 8),
    **dict.fromkeys(["__main__", "api"], 9),
    "sklearn": 10,
}

# Packages that a file may import inside a function, because few runs need them.
IMPORTED_ON_USE = {
    "cache_directory.py": {"platformdirs"},
}

HEAVY = {"tensorflow", "keras", "pandas", "numpy", "sklearn", "matplotlib", "tensorflow_hub", "optuna"}
# What must answer before TensorFlow has been imported.
ANSWER_FIRST = [
    *["retrain", "retrain.errors", "retrain.extensions", "retrain.files", "retrain.progress"],
    *["retrain.cache_directory", "retrain.metric", "retrain.label_files", "retrain.plain_name"],
    *[
        "retrain.image_claims",
        "retrain.image_files",
        "retrain.image_formats",
        "retrain.predecessors",
        "retrain.signal_watch",
        "retrain.signals",
    ],
    "retrain.causes",
    "retrain.printable",
    "retrain.system_errors",
    *[
        "retrain.addresses",
        "retrain.folders",
        "retrain.members",
        "retrain.parquet",
        "retrain.record_members",
        "retrain.tar_members",
        "retrain.tfrecord",
    ],
    *["retrain.settings.field", "retrain.settings.config", "retrain.help_page", "retrain.flags"],
    *["retrain.data", "retrain.data.folder", "retrain.data.split_folder", "retrain.data.layout"],
    *[
        "retrain.data.listing",
        "retrain.data.shards",
        "retrain.data.record_labels",
        "retrain.data.label_map",
        "retrain.examples.split_file",
    ],
    *["retrain.modules", "retrain.modules.sources.source", "retrain.heads", "retrain.heads.figures"],
    *[
        "retrain.exporters",
        "retrain.exporters.assets",
        "retrain.report",
        "retrain.studies",
        "retrain.studies.space",
    ],
    *["retrain.runs.run", "retrain.runs.claim", "retrain.runs.continuing", "retrain.runs.warm_start_source"],
    *["retrain.commands", "retrain.commands.data_plan", "retrain.commands.module_check"],
    *["retrain.commands.checks", "retrain.commands.train.check", "retrain.commands.sweep.check"],
    *["retrain.commands.perform", "retrain.plain_log", "retrain.api.keywords", "retrain.api.verbs"],
    "retrain.api.trained_run",
    *["retrain.workers.cluster", "retrain.workers.meeting"],
    "retrain.__main__",
]


def module_name(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}
TREES = {name: ast.parse(path.read_text(), str(path)) for name, path in MODULES.items()}


def top(module: str) -> str:
    """The file or folder in retrain/ that a module belongs to."""
    return module.split(".")[1] if "." in module else module


def folder(module: str) -> str:
    path = MODULES[module]
    return str(path.parent.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names of all modules, and of names in modules, that are imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def imported_modules(module: str) -> frozenset[str]:
    """The modules of retrain that `module` imports."""
    names = {name for name in imported(TREES[module]) if name.partition(".")[0] == "retrain"}
    return frozenset(name if name in MODULES else name.rpartition(".")[0] for name in names)


def test_every_module_has_a_floor_and_says_what_it_is():
    assert [module for module in MODULES if top(module) not in FLOORS] == []
    assert [module for module, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_every_folder_is_a_package():
    folders = {path.parent for path in SOURCES}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_imports_go_down_or_stay_in_the_folder():
    def allowed(module: str, other: str) -> bool:
        below = FLOORS[top(other)] < FLOORS[top(module)]
        beside = FLOORS[top(other)] == FLOORS[top(module)] and folder(other) == folder(module)
        return below or beside or top(other) == top(module)

    imports = [(module, other) for module in MODULES for other in imported_modules(module)]
    assert [pair for pair in imports if not allowed(*pair)] == []


def test_imports_make_no_circle():
    graph = {module: imported_modules(module) - {module} for module in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


def test_a_section_is_all_that_a_stage_sees():
    """Config, in which all sections are, is for who hands them out, and for what records or checks all."""
    readers = {module for module in MODULES if "retrain.settings.config" in imported_modules(module)}
    assert {top(module) for module in readers} == {
        *("settings", "flags", "api", "help_page", "sklearn", "commands", "runs", "studies"),
    }


def test_only_flags_defines_flags():
    users = {m for m, tree in TREES.items() if any(name.startswith("absl.flags") for name in imported(tree))}
    assert users == {"retrain.flags"}


def test_imports_stand_at_the_top():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

    def inside(module: str) -> set[str]:
        nodes = [node for node in ast.walk(TREES[module]) if isinstance(node, functions)]
        return {name.partition(".")[0] for node in nodes for name in imported(node)}

    def allowed(module: str) -> set[str]:
        return IMPORTED_ON_USE.get(MODULES[module].relative_to(ROOT / "retrain").as_posix(), set())

    found = {module: inside(module) - allowed(module) for module in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize("module", ANSWER_FIRST)
def test_what_answers_first_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT) == "[]\n"
