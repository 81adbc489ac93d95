"""The command line end to end, and what it says of bad input: one sentence, status 2, nothing written."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from PIL import Image

from retrain import __version__
from retrain.__main__ import main, run
from tests import tiny_worlds

ROOT = pathlib.Path(__file__).parents[1]
# What TensorFlow's native libraries say when nobody stops them.
CHATTER = re.compile(r"0000 00:00|oneDNN|XNNPACK|absl::|cuda|rebuild TensorFlow|WARNING|retracing", re.I)


def test_from_photos_to_predictions(command, colour_folder, averaging_module, tmp_path, monkeypatch):
    """In a process of its own, as a user runs it; then what it says is to be run next."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", "--feature_engine=litert"]
    trained = subprocess.run(
        [sys.executable, "-m", "retrain", *flags, "--max_steps=100"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert trained.returncode == 0, trained.stderr
    assert not CHATTER.search(trained.stderr)
    assert "Features: 24 images computed (litert)" in trained.stderr
    [run] = (tmp_path / "runs").iterdir()
    lines = trained.stdout.splitlines()
    assert lines[-4] == "Test accuracy 100.0% (43.9% to 100.0%, 3 images)"
    assert lines[-3] == (
        "Frozen module, cross-validated: accuracy 100.0% (86.2% to 100.0%, 24 images); all images, each by a "
        "head that never saw it"
    )
    assert lines[-2].startswith(f"Everything is in runs/{run.name}: ")
    monkeypatch.chdir(tmp_path)
    words = lines[-1].removeprefix("Next: python -m retrain ").split()
    picture = f"{colour_folder}/yellow/001.png"
    predicted = command(*words[:-1], picture)
    assert predicted.out.splitlines()[1].split("\t")[:2] == [picture, "yellow"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_process_without_some_of_its_streams(tmp_path, closed):
    """As a service or a cron job may start it: what is opened next does not become the missing one."""
    shell = f"{sys.executable} -m retrain --image_dir={tmp_path} {closed}; echo $? > status"
    subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True
    )
    assert (tmp_path / "status").read_text() == "2\n"
    helped = f"{sys.executable} -m retrain --help {closed}; echo $? > status"
    subprocess.run(
        ["bash", "-c", helped], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True
    )
    assert (tmp_path / "status").read_text() == "0\n"


def test_the_first_command_needs_nothing_but_photos(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_worlds.colour_folder(tmp_path / "photos", 5)
    result = command("--image_dir=photos", "--export_formats=saved_model", "--max_steps=100")
    assert result.status == 0
    assert result.err.startswith("builtin: is builtin:efficientnet_lite")
    [run] = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"photos-\d{8}-\d{6}", run.name)
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] == 1.0
    assert "\nTest accuracy 100.0% " in result.out
    assert "\n--tfhub_module=builtin:efficientnet_lite" in (run / "run.flags").read_text()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with photos, and what can be wrong with such."""
    tiny_worlds.colour_folder(tmp_path / "photos", 1)
    tiny_worlds.colour_folder(tmp_path / "hole", 1)
    os.remove(tmp_path / "hole" / "cyan" / "000.png")
    (tmp_path / "one" / "class").mkdir(parents=True)
    Image.new("RGB", (2, 2)).save(tmp_path / "one" / "class" / "1.png")
    (tmp_path / "flat").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "flat" / "1.png")
    (tmp_path / "file").touch()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "labels.txt").write_text("cats\ndogs\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(directory: pathlib.Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            [],
            "train needs --image_dir: a folder of class folders, or that of the images in --labels_file.",
        ),
        (
            ["--image_dir=gone"],
            "'gone' does not exist, but a folder of class folders was expected: name one that holds images "
            "as DIR/CLASS/*.jpg.",
        ),
        (
            ["--image_dir=file"],
            "'file' is a file, but a folder of class folders was expected: name one that holds images "
            "as DIR/CLASS/*.jpg.",
        ),
        (
            ["--image_dir=flat"],
            "'flat' has no class folders and 1 image directly in it, but a classifier needs 2 class folders "
            "or more: put images in DIR/CLASS/*.jpg.",
        ),
        (
            ["--image_dir=hole"],
            "'hole' has 1 class folder without any image ('cyan'), but every class needs one: add images "
            "(.jpg, .png, .tif, .webp and the like) or move the folder away.",
        ),
        (["--image_dirr=photos"], "--image_dirr is no flag of retrain: did you mean --image_dir?"),
        (
            ["--image_dir=photos", "--dropout_rate=1"],
            "--dropout_rate=1.0 is out of range: it must be at least 0 and below 1.",
        ),
        (
            ["--image_dir=photos", "--tfhub_module=one"],
            "'one' is no module: there is no saved_model.pb in it, but class/.",
        ),
        (
            ["--image_dir=photos", "--model_dir=old"],
            "--model_dir='old' holds a run with other classes (cats, dogs): name a new directory.",
        ),
        (
            ["evaluate", "--image_dir=photos"],
            "evaluate needs --tfhub_module: the export/saved_model of a training run.",
        ),
    ],
)
def test_bad_input_is_known_before_tensorflow_is_imported(command, here, monkeypatch, words, sentence):
    def never(*_):
        raise AssertionError("was not to be called")

    monkeypatch.setattr("retrain.commands.perform.quietly_named", never)
    before = tree(here)
    assert command(*words) == (2, "", f"retrain: {sentence}\n")
    assert tree(here) == before


def test_one_class_is_none_to_learn(command, here):
    result = command("--image_dir=one")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "retrain: 'one' has 1 class folder ('class'), but a classifier needs 2 class folders or more: put "
        "images in DIR/CLASS/*.jpg.\n"
    )


@pytest.mark.parametrize(
    ("made_with", "flags", "sentence"),
    [
        (
            {"output_key": "logits"},
            [],
            "is a classification module (its signatures: image_classification), and retraining needs image "
            "features; use the feature_vector module of the same network, or "
            "--module_kind=image_feature_vector if its outputs are features after all.",
        ),
        (
            {"methods": {}, "signatures": {"embed": 1.0}},
            [],
            "has no signature 'image_feature_vector'; it has: embed. Use a module that follows the Common "
            "Signatures for Images, or say with --module_kind what its outputs are.",
        ),
        (
            {"size": (8, 8)},
            ["--image_size=9"],
            "takes images of 8 x 8 pixels, and --image_size says 9 x 9; leave --image_size out, or use a "
            "module made for that size.",
        ),
        (
            {"size": (None, None)},
            [],
            "takes images of any size; say with --image_size which to give it, as a rule the one that it was "
            "trained on.",
        ),
    ],
)
def test_a_module_that_does_not_do(command, here, made_with, flags, sentence):
    module = tiny_worlds.averaging_module(here / "module", **made_with)
    before = tree(here)
    result = command("--image_dir=photos", f"--tfhub_module={module}", "--model_dir=run", *flags)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"retrain: {module!r} {sentence}\n"
    assert tree(here) == before


def test_a_place_that_cannot_be_written_to(command, here, averaging_module):
    result = command("--image_dir=photos", f"--tfhub_module={averaging_module}", "--model_dir=file/run")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "retrain: 'file/run' cannot be written (Not a directory): name a place where it can be.\n"
    )


def test_the_version(command):
    assert command("--version") == (0, f"retrain {__version__}\n", "")


def test_what_is_no_mistake_of_the_user_keeps_its_traceback(here, averaging_module, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("retrain.head_search.search.choose_each", broken)
    flags = ["--image_dir=photos", f"--tfhub_module={averaging_module}", "--model_dir=run"]
    with pytest.raises(ZeroDivisionError):
        main(["retrain", *flags])
    assert not (here / "run").exists()


def test_a_reader_that_has_left_is_no_error():
    command = f"{sys.executable} -m retrain --help; echo $? >&2"
    result = subprocess.run(
        ["bash", "-c", f"({command}) | true"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stderr in ("141\n", "0\n")  # 0 when the help had been written before


def test_the_process_of_the_command_looks_less_often_for_garbage_and_not_at_its_end(monkeypatch):
    """Than Python does, for graphs are many objects; a program that calls `main` decides for itself."""
    asked = []
    monkeypatch.setattr("gc.set_threshold", lambda *thresholds: asked.append(thresholds))
    monkeypatch.setattr("gc.freeze", lambda: asked.append("freeze"))
    monkeypatch.setattr("sys.argv", ["retrain", "--version"])
    main()
    assert not asked
    with pytest.raises(SystemExit) as ended:
        run()
    assert (ended.value.code, asked) == (0, [(10_000, 20, 5), "freeze"])
