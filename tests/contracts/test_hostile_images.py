"""Hostile files beside good ones, in short; `python -m tests.benchmarks.hostile_images` is the long form."""

import csv
import json
import pathlib
import shutil

import pytest

from tests.hostile_folder import bombs, what_is_no_file, write_files

COUNT = 60


@pytest.fixture
def photos(colour_folder, tmp_path) -> pathlib.Path:
    shutil.copytree(colour_folder, tmp_path / "photos")
    write_files(tmp_path / "photos" / "cyan", COUNT, seed=1)
    for number, contents in enumerate(bombs()):
        (tmp_path / "photos" / "magenta" / f"bomb{number}.jpg").write_bytes(contents)
    with what_is_no_file(tmp_path / "photos" / "yellow"):
        yield tmp_path / "photos"


def predictions(path: pathlib.Path, photos: str) -> dict[str, list[str]]:
    with open(path, newline="", errors="surrogateescape") as file:
        return {row[0].removeprefix(f"{photos}/"): row[1:] for row in csv.reader(file)}


def test_good_files_are_predicted_as_they_are_alone(command, trained_run, colour_folder, photos, tmp_path):
    classifier = f"--tfhub_module={trained_run}/export/saved_model"
    alone, beside = tmp_path / "alone.csv", tmp_path / "beside.csv"
    assert command("predict", classifier, f"--output={alone}", colour_folder).status == 0
    told = command("predict", classifier, f"--output={beside}", str(photos))
    assert told.status == 0
    assert "is skipped: more than 100 megapixels." in told.err
    assert "is skipped: more than 100 scans." in told.err
    assert "3 .jpg, 2 links to nowhere" in told.err
    good, found = predictions(alone, colour_folder), predictions(beside, str(photos))
    for path, (name, *numbers) in good.items():
        assert found[path][0] == name
        # Other images in a batch may round the last digit that is written otherwise.
        assert [*map(number, found[path][1:])] == pytest.approx([*map(number, numbers)], abs=2e-6)


def number(cell: str) -> float | str:
    """Of the header, the cell."""
    return cell if cell.isidentifier() else float(cell)


def test_a_check_tells_what_would_be_left_out(command, photos, tmp_path):
    flags = [f"--image_dir={photos}", "--tfhub_module=builtin:gradients", f"--model_dir={tmp_path}/run"]
    told = command("train", *flags, "--dry_run", "--max_skipped_percentage=100")
    assert told.status == 0
    facts = json.loads((tmp_path / "run" / "data_report.json").read_text())
    reasons = {entry["reason"] for entry in facts["skipped"]}
    assert {"more than 100 megapixels", "more than 100 scans", "empty file", "larger than 1 GiB"} <= reasons
