"""Images at an address take every road that images in folders take, and the results are the same."""

import json
import pathlib

import pandas as pd
import pytest
import tensorflow as tf

from retrain.__main__ import main
from retrain.commands.export.check import check
from retrain.data.layout import read_listing
from retrain.settings.config import Config
from tests.at_address import copied, write

PHOTOS = "ram://bucket/photos"


@pytest.fixture(scope="module", autouse=True)
def photos(colour_folder):
    yield copied(colour_folder, PHOTOS)
    tf.io.gfile.rmtree("ram://bucket")


@pytest.fixture(scope="module")
def run(photos, averaging_module, tmp_path_factory) -> pathlib.Path:
    """As `trained_run`; its report shows images, however certain they are."""
    run = tmp_path_factory.mktemp("addressed") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("retrain.report.galleries.CERTAIN", 1.1)
        flags = [f"--image_dir={PHOTOS}", f"--tfhub_module={averaging_module}", f"--model_dir={run}"]
        assert main(["retrain", *flags]) == 0
    return run


def test_training_gives_what_it_gives_on_folders(run, trained_run):
    here, there = (pd.read_csv(directory / "predictions.csv") for directory in (run, trained_run))
    pd.testing.assert_frame_equal(here, there)
    metrics = [json.loads((directory / "metrics.json").read_text()) for directory in (run, trained_run)]
    assert metrics[0] == metrics[1]
    report = (run / "report.html").read_text()
    assert "data:image/jpeg" in report
    assert 'href="file' not in report
    assert f"--image_dir={PHOTOS}\n" in (run / "run.flags").read_text()


@pytest.mark.parametrize("engine", ["tensorflow", "litert"])
def test_they_are_predicted(command, run, engine):
    words = ["predict", f"--tfhub_module={run}", f"--engine={engine}"]
    result = command(*words, f"{PHOTOS}/cyan", f"{PHOTOS}/yellow/000.png")
    rows = [line.split("\t") for line in result.out.splitlines()[1:]]
    assert [row[0] for row in rows] == [
        *(f"{PHOTOS}/cyan/{n:03}.png" for n in range(8)),
        f"{PHOTOS}/yellow/000.png",
    ]
    assert [row[1] for row in rows] == ["cyan"] * 8 + ["yellow"]


def test_they_are_sorted_as_copies(command, run, tmp_path):
    words = ["predict", f"--tfhub_module={run}", f"{PHOTOS}/cyan", f"--sort_into={tmp_path / 'sorted'}"]
    assert command(*words, "--sort_by=link").err.splitlines()[-1] == (
        f"retrain: --sort_by=link was given, but '{PHOTOS}/cyan/000.png' lies at an address, to which no "
        "links lead: leave it out, and images are copied."
    )
    assert command(*words).status == 0
    assert len([*(tmp_path / "sorted" / "cyan").iterdir()]) == 8


def test_a_run_is_measured_by_them(command, trained_run, tmp_path):
    here = [f"--image_dir={PHOTOS}", f"--model_dir={tmp_path / 'run'}"]
    words = ["evaluate", f"--tfhub_module={trained_run}", *here]
    result = command(*words)
    assert result.status == 0
    assert "was trained on 18 of these 24 images" in result.err + result.out


def test_a_table_of_this_machine_may_say_the_labels(command, averaging_module, tmp_path):
    paths = [f"{name}/{number:03}.png" for name in ("cyan", "yellow") for number in range(8)]
    table = pd.DataFrame({"path": [*paths, "gone.png"], "kind": [path[0] for path in paths] + ["c"]})
    table.to_csv(tmp_path / "labels.csv", index=False)
    words = [f"--image_dir={PHOTOS}", f"--labels_file={tmp_path / 'labels.csv'}", "--dry_run"]
    result = command(*words, "--max_skipped_percentage=10", f"--model_dir={tmp_path / 'run'}")
    assert result.status == 0
    assert "16 images" in result.err + result.out
    assert "1 of 17, such as 'gone.png'" in result.err


def test_exports_find_the_images_of_a_run(run):
    plan = check(Config.of(model_dir=str(run), export_formats=("tflite_int8",)), [])
    assert len(plan.train) == 18
    assert len(plan.compared_on.paths) == 3


def test_splits_of_folders_are_taken(colour_folder):
    for split in ("train", "val"):
        copied(colour_folder, f"ram://bucket/splits/{split}")
    listing = read_listing("ram://bucket/splits")
    assert listing.splits == ["train"] * 24 + ["validation"] * 24
    assert listing.paths[0] == "train/cyan/000.png"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--image_dir=ram://bucket/gone"],
            "'ram://bucket/gone' does not exist, but a folder of class folders was expected: name one that "
            "holds images as DIR/CLASS/*.jpg.",
        ),
        (
            ["--image_dir=ram://bucket/packed"],
            "'ram://bucket/packed' has 2 .tar files, but at an address images were expected in files of "
            "their own, as DIR/CLASS/*.jpg: mount what it leads to, as gcsfuse and mount-s3 do, or copy it "
            "to a disk.",
        ),
        (
            ["--image_dir=ram://bucket/packed/val.tar"],
            "'ram://bucket/packed/val.tar' is a file, but a folder of class folders was expected: unpack it, "
            "and name one that holds images as DIR/CLASS/*.jpg.",
        ),
        (
            ["predict", "--tfhub_module=builtin:", "--features", "ram://bucket/gone"],
            "'ram://bucket/gone' does not exist, but an image or a folder of images was expected.",
        ),
        (
            ["--image_dir=s3://bucket/photos"],
            "--image_dir='s3://bucket/photos' is an address, but a path on this machine, or at gs://, was "
            "expected: mount what it leads to, as gcsfuse and mount-s3 do, or copy it to a disk.",
        ),
    ],
)
def test_what_is_not_there_or_not_read_is_a_sentence(words, expected, command):
    write("ram://bucket/packed/train.tar", b"")
    write("ram://bucket/packed/val.tar", b"")
    result = command(*words)
    assert (result.status, result.err.splitlines()[-1]) == (2, f"retrain: {expected}")
