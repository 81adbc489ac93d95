"""Every block of code in README and docs does what it says, as it stands there, in a world of tiny pictures.

What pages call MODULE, RUN, photos and the like is there under that name; `builtin:` is another module like
MODULE, for speed. The two commands of README's Set-up are those that `.ci/run` runs.
"""

import io
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pytest
import tensorflow as tf

from retrain.__main__ import main
from retrain.api import verbs
from retrain.api.keywords import config_of
from retrain.commands import COMMANDS, module_check
from retrain.modules.sources import source
from retrain.runs.run import CHECKPOINT
from retrain.settings.config import Config
from tests import tiny_worlds
from tests.tiny_parquet import parquet_of_folder
from tests.tiny_shards import shards_of_folder

ROOT = pathlib.Path(__file__).parents[1]
README, SCALING = "README.md", "docs/scaling.md"
PAGES = (README, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
PROGRAM = "python -m retrain "
SET_UP = 2  # the first blocks of README
# What a page leaves to the recipe, made small: by verb, flag -> value.
FEW_STEPS = {"max_steps": 8, "batch_size": 4, "export_formats": "saved_model"}
SMALL = {
    "train": {**FEW_STEPS, "learning_rate": 0.5, "l2_regularizer": 1e-3},
    "sweep": {**FEW_STEPS, "trials": 2},
}
ELSEWHERE = {"postgresql://user@host/studies": "sqlite:///studies.db"}
IMAGES = 9  # of each of three classes: enough to tell how familiar an image is
# Files of a run that there are only in some.
AT_TIMES = {"augmented.png"}

DONE: set[str] = set()


class Block(NamedTuple):
    """One of a page; `line` is that of its first."""

    language: str
    content: str
    line: int


def blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text("utf-8")
    return [Block(*found.groups(), text.count("\n", 0, found.start()) + 2) for found in BLOCK.finditer(text)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A directory in which everything is that the pages name; read it, never change it."""
    world = tmp_path_factory.mktemp("pages") / "world"
    for name in ("photos", "other_photos", "more_photos"):
        tiny_worlds.colour_folder(world / name, IMAGES)
    tiny_worlds.colour_folder(world / "archive", IMAGES, suffix=".jpg")
    tiny_worlds.averaging_module(world / "MODULE")
    shutil.copytree(world / "MODULE", world / "path" / "to" / "module")
    shutil.copy(world / "photos" / "cyan" / "000.png", world / "picture.jpg")
    shutil.copytree(world / "photos" / "yellow", world / "more_pictures")
    shutil.copytree(world / "photos" / "magenta", world / "shots")
    names = [f"{name}.tar" for name in ("train-000", "train-001", "val-000")]
    shards_of_folder(str(world / "photos"), world / "shards", names)
    for name in ("data_samples", "flags"):
        (world / name).symlink_to(ROOT / name)
    parquet_of_folder(str(world / "photos"), world / "parquet", ["train-00000-of-00001.parquet"])
    (world / "graph.pb").write_bytes(frozen_graph())
    flags = [f"--image_dir={world / 'photos'}", f"--tfhub_module={world / 'MODULE'}", "--l2_regularizer=1e-3"]
    assert main(["retrain", *flags, f"--model_dir={world / 'RUN'}"]) == 0
    issues = pd.read_csv(world / "RUN" / "label_issues.csv", dtype=str)
    issues.assign(corrected=["cyan", *[None] * (len(issues) - 1)]).to_csv(
        world / "RUN" / "label_issues.csv", index=False
    )
    return world


def frozen_graph() -> bytes:
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 224, 224, 3], "input")
        tf.reduce_mean(images, axis=[1, 2], name="features")
        return graph.as_graph_def().SerializeToString()


@pytest.fixture
def here(world: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A copy of the world, as the working directory."""
    here = shutil.copytree(world, tmp_path / "here", symlinks=True)
    monkeypatch.chdir(here)
    for module in (source, module_check):
        monkeypatch.setattr(module, "best", lambda: "path/to/module")
    monkeypatch.setattr(verbs, "config_of", config_made_small)
    return here


def run_page(page: str, monkeypatch: pytest.MonkeyPatch, first: int = 0) -> dict[str, Any]:
    """The names that its Python has made, all of it being one program."""
    names: dict[str, Any] = {}
    for block in blocks(page)[first:]:
        try:
            if block.language == "python":
                exec(compile(block.content, page, "exec"), names)
            elif block.language == "sh":
                for line in block.content.splitlines():
                    run_line(line, monkeypatch)
            else:
                assert block.language == "text", "a block is python, sh, or text, which nobody runs"
        except BaseException as error:
            error.add_note(f"{page}, the block of line {block.line}")
            raise
    return names


def run_line(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command in this process, given what a command before it prints; once, where several pages have it."""
    if line in DONE:
        return
    DONE.add(line)
    before, program, words = line.partition(PROGRAM)
    assert program, line
    if before:
        command = shlex.split(before.removesuffix("| "))
        piped = subprocess.run(command, check=True, capture_output=True).stdout
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    assert main(["retrain", *made_small([elsewhere(word) for word in shlex.split(words)])]) == 0, line


def elsewhere(word: str) -> str:
    for name, other in ELSEWHERE.items():
        word = word.replace(name, other)
    return word


def made_small(words: Sequence[str]) -> list[str]:
    """The words of a command, and flags that make it short where they leave that open."""
    given = {word.partition("=")[0].removeprefix("--") for word in words}
    if "flagfile" in given:
        return list(words)
    of_verb = SMALL.get(words[0] if words[0] in COMMANDS else "train", {})
    swept = {words[place + 1].partition("=")[0] for place, word in enumerate(words) if word == "--sweep"}
    return [*words, *(f"--{name}={value}" for name, value in of_verb.items() if name not in given | swept)]


def config_made_small(verb: str, keywords: Mapping[str, Any]) -> Config:
    """The settings of a function, short where its keywords leave that open."""
    return config_of(verb, {**SMALL.get(verb, {}), **keywords})


def test_readme(here, monkeypatch):
    names = run_page(README, monkeypatch, SET_UP)
    assert names["table"]["class"].tolist() == ["cyan", *["yellow"] * IMAGES]
    assert names["run"].metrics["test"]["accuracy"] == 1.0


def test_data(here, monkeypatch):
    run_page("docs/data.md", monkeypatch)
    assert len(list((here / "sorted").rglob("*.jpg"))) == 3 * IMAGES


def test_modules(here, monkeypatch):
    names = run_page("docs/modules.md", monkeypatch)
    assert names["probabilities"].shape == (2, 3)


def test_python(here, monkeypatch):
    names = run_page("docs/python.md", monkeypatch)
    assert names["figures"]["count"] == 3 * IMAGES
    assert names["promises"] is True
    assert names["probabilities"].argmax() == 0
    assert names["search"].best_score_ == 1.0
    assert names["features"].shape == (2, names["module"].num_features)


def test_scaling(here, monkeypatch):
    for name in ("metrics.json", "exports.json"):
        (here / "RUN" / name).unlink()  # of this page's RUN there is no end yet
    run_page(SCALING, monkeypatch)
    assert (here / "RUN" / "metrics.json").is_file()
    [listing] = [block for block in blocks(SCALING) if "sweep.html" in block.content]
    [sweep] = [path.parent for path in (here / "runs").glob("*/study.db")]
    assert {name for name in listed(listing) if not (sweep / name).exists()} == set()


def test_every_page_is_run():
    assert sorted(PAGES) == sorted(
        [README, SCALING, *(f"docs/{n}.md" for n in ("data", "modules", "python", "serving"))]
    )


def test_readme_is_short():
    assert (ROOT / README).read_text("utf-8").count("\n") <= 160


def test_a_run_holds_what_readme_lists(world):
    [listing] = [block for block in blocks(README) if "predictions.png  " in block.content]
    names = listed(listing)
    assert {name for name in names if not (world / "RUN" / name).exists()} == AT_TIMES
    others = {path.name for path in (world / "RUN").iterdir()} - {name.partition("/")[0] for name in names}
    assert {name for name in others if CHECKPOINT.sub("checkpoints", name) not in listing.content} == set()


def listed(listing: Block) -> list[str]:
    """The first words of the lines of a directory that say what a file is."""
    return re.findall(r"^  ([\w./]+) +(?!\S*,)", listing.content, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    for target, heading in LINK.findall(text):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.mark.parametrize("page", PAGES)
def test_no_block_hides_from_the_tests(page):
    text = BLOCK.sub("", (ROOT / page).read_text("utf-8"))
    assert re.findall(r"^    .*\S", text, re.MULTILINE) == []
    assert "```" not in text


def test_set_up_is_what_ci_runs():
    set_up = (ROOT / README).read_text("utf-8").split("\n## Set-up\n")[1].split("\n## ")[0]
    assert [found["content"] for found in BLOCK.finditer(set_up)] == [
        block.content for block in blocks(README)[:SET_UP]
    ]
    assert re.findall(r"^run_readme_command (\d)$", (ROOT / ".ci/run").read_text(), re.MULTILINE) == [
        "1",
        "2",
    ]
