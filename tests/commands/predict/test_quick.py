"""Predictions by LiteRT beside those by TensorFlow: the same table, without TensorFlow."""

import io
import os
import pathlib
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from PIL import Image

from retrain.commands.predict import check as checking
from retrain.commands.predict import quick
from retrain.commands.predict.check import check
from retrain.settings.config import Config
from tests import tiny_worlds

PROGRAM = """
import sys
from retrain.__main__ import main
status = main(["retrain", *sys.argv[1:]])
print("tensorflow" in sys.modules, status, file=sys.stderr)
"""


def predicted(command, *words: str) -> pd.DataFrame:
    result = command("predict", *words)
    assert result.status == 0, result.err
    return pd.read_csv(io.StringIO(result.out), sep="\t")


def run_alone(*words: object) -> tuple[str, str]:
    """What a process of its own prints, and whether it loaded TensorFlow, and its status."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, words)], capture_output=True, text=True)
    return done.stdout, done.stderr.splitlines()[-1]


@pytest.fixture
def photos(tmp_path) -> pathlib.Path:
    tiny_worlds.colour_folder(tmp_path / "photos", 3)
    Image.new("RGBA", (20, 10), (255, 0, 0, 99)).save(tmp_path / "photos" / "clear.png")
    Image.new("RGB", (40, 30), "green").save(tmp_path / "photos" / "green.jpg", quality=30)
    return tmp_path / "photos"


@pytest.mark.parametrize("more", [[], ["--top_k=2"], ["--all_classes"], ["--reject_unfamiliar"]])
def test_the_same_table(command, telling_run, photos, more):
    words = [f"--tfhub_module={telling_run}/export/saved_model", str(photos), *more]
    quick, full = (predicted(command, f"--engine={engine}", *words) for engine in ("litert", "tensorflow"))
    assert "familiarity" in quick
    pd.testing.assert_frame_equal(quick, full, rtol=0, atol=2e-3)
    probabilities = [name for name in quick if name.startswith("probability")]
    pd.testing.assert_frame_equal(quick[probabilities], full[probabilities], rtol=0, atol=1e-5)


def test_no_tensorflow_is_loaded(telling_run, photos, tmp_path):
    words = ["predict", f"--tfhub_module={telling_run}", f"--output={tmp_path}/out.jsonl", photos]
    out, said = run_alone(*words)
    assert (out, said) == (f"11 predictions are in {tmp_path}/out.jsonl\n", "False 0")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 11


def test_nor_for_what_gives_no_image_or_is_decoded_by_pillow_for_training_too(
    command, telling_run, photos, tmp_path
):
    (photos / "notes.jpg").write_text("no image")
    (photos / "empty.png").touch()
    (photos / "cut.jpg").write_bytes((photos / "green.jpg").read_bytes()[:-100])
    for name, options in {"a.tif": {}, "a.avif": {"quality": 90}, "a.ppm": {}}.items():
        Image.new("RGB", (20, 10), "magenta").save(photos / name, **options)
    files = sorted(map(str, photos.rglob("*.*")))
    quick, said = run_alone("predict", f"--tfhub_module={telling_run}", *files)
    assert said == "False 0"
    full = command("predict", f"--tfhub_module={telling_run}", "--engine=tensorflow", *files)
    tables = [pd.read_csv(io.StringIO(out), sep="\t") for out in (quick, full.out)]
    pd.testing.assert_frame_equal(*tables, rtol=0, atol=4e-3)
    alike = command("predict", f"--tfhub_module={telling_run}", *files)
    told = [[line for line in of.err.splitlines() if "kipped" in line] for of in (alike, full)]
    assert told[0] == told[1]
    assert told[0][-1] == (
        "Skipped: 3 of 17 files (1 damaged or incomplete JPEG, 1 empty file, 1 not a file of an image)."
    )


def test_no_image_at_all(command, telling_run, tmp_path):
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    told = command("predict", f"--tfhub_module={telling_run}", str(tmp_path / "cut.png"))
    assert (told.status, told.err.splitlines()[-1]) == (
        2,
        "retrain: None of the 1 files is an image that can be decoded.",
    )


def test_an_unusual_image_has_all_decoded_by_tensorflow(telling_run, photos):
    Image.new("CMYK", (20, 10), "red").save(photos / "printed.jpg")
    (photos / "none.jpg").write_bytes(b"\xff\xd8\xff no image")
    out, said = run_alone("predict", f"--tfhub_module={telling_run}", photos)
    assert said == "True 0"
    assert len(out.splitlines()) == 1 + 12


def test_nor_to_sort_them_into_the_same_folders(command, telling_run, photos, tmp_path):
    """Those that are rejected into none."""
    (photos / "none.jpg").touch()
    words = ["predict", f"--tfhub_module={telling_run}", "--reject_unfamiliar", str(photos)]
    _, said = run_alone(*words, f"--sort_into={tmp_path}/quick", f"--output={tmp_path}/quick.csv")
    assert said == "False 0"
    full = command(*words, "--engine=tensorflow", f"--sort_into={tmp_path}/full")
    quick, full_tree = (
        sorted(str(path.relative_to(tmp_path / name)) for path in (tmp_path / name).rglob("*"))
        for name in ("quick", "full")
    )
    assert quick == full_tree
    assert {"cyan", "cyan/000.png", "yellow/002.png"} < {*quick}
    assert full.err.splitlines()[-1] == f"Images sorted into {tmp_path}/full: 9; 2 with none of the classes."
    assert sorted(os.listdir(tmp_path)) == ["full", "photos", "quick", "quick.csv"]


def test_a_command_killed_between_the_folder_and_the_table_goes_on(
    telling_run, photos, tmp_path, monkeypatch, caplog
):
    given = {"output": str(tmp_path / "p.csv"), "sort_into": str(tmp_path / "sorted"), "engine": "litert"}
    config = Config.of(tfhub_module=str(telling_run), **given)
    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(quick, "write", lambda *_: 1 / 0)
        quick.run(check(config, [str(photos)]))
    with caplog.at_level("INFO", "absl"):
        quick.run(check(config, [str(photos)]))
    assert caplog.messages[-1] == f"Images have been sorted into {tmp_path / 'sorted'} already."
    assert sorted(os.listdir(tmp_path)) == ["p.csv", "photos", "sorted"]
    assert len(pd.read_csv(given["output"])) == len([*(tmp_path / "sorted").rglob("*.*")]) == 11


def test_it_is_for_few_images(telling_run, photos, monkeypatch):
    config = Config.of(tfhub_module=str(telling_run))
    assert check(config, [str(photos)]).is_quick
    monkeypatch.setattr(checking, "QUICK", 10)
    assert not check(config, [str(photos)]).is_quick


def test_there_must_be_a_file_to_run(command, telling_run, photos, tmp_path):
    export = tmp_path / "classifier"
    shutil.copytree(telling_run / "export" / "saved_model", export)
    result = command("predict", f"--tfhub_module={export}", "--engine=litert", str(photos))
    assert (result.status, result.err.splitlines()[-1]) == (
        2,
        f"retrain: --engine=litert runs the export tflite of a run, and {str(export)!r} has none beside it: "
        f"python -m retrain export --model_dir=RUN --export_formats=tflite writes it.",
    )
