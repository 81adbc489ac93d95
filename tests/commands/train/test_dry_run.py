"""--dry_run and the report of a run, on folders with all that can be wrong with them."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from retrain.commands.train.prepare import dry_run, prepare
from retrain.runs.run import NEW
from tests.commands.worlds import photos_with_a_copy, train_plan
from tests.examples.test_near_duplicates import copy, picture


@pytest.fixture
def photos(tmp_path) -> pathlib.Path:
    """Besides its near copy, one file twice, under both classes, and one damaged."""
    directory = photos_with_a_copy(tmp_path / "photos")
    shutil.copy(directory / "a" / "00.png", directory / "b" / "same.png")
    (directory / "a" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xdb no more")
    return directory


def read(path: pathlib.Path):
    return json.loads((path / "data_report.json").read_text())


def test_a_dry_run_reports_and_stops(command, photos, tmp_path):
    result = command(f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}", "--dry_run")
    assert result.status == 0
    assert (
        result.out == f"Nothing was trained (--dry_run). All facts are in {tmp_path}/run/data_report.json\n"
    )
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["data_report.json"]
    report = read(tmp_path / "run")
    assert (report["images"], report["formats"]) == (26, {"PNG": 25, "JPEG": 1})
    assert report["width"] == {"min": 110, "median": 192.0, "max": 192}
    assert report["tasks"]["label"]["classes"] == {"a": 13, "b": 13}
    assert report["skipped"] == [{"path": "a/bad.jpg", "reason": "damaged or incomplete JPEG"}]
    assert report["exact_duplicates"] == [["a/00.png", "b/same.png"]]
    assert report["near_duplicates"] == [["a/02.png", "a/again.jpg"]]
    assert report["in_several_splits"] == []
    labels = {"a/00.png": "a", "b/same.png": "b"}
    assert report["label_conflicts"] == [{"task": "label", "same_content": True, "labels": labels}]
    assert "'a/again.jpg' is nearly the same image as 'a/02.png': they share a split." in result.err


def test_a_run_says_what_its_dry_run_said(photos, averaging_module, tmp_path):
    plan = train_plan(tmp_path / "run", image_dir=str(photos), tfhub_module=averaging_module)
    dry_run(plan)
    assert plan.run.state == NEW
    assert prepare(plan).facts == read(plan.run.path)


def test_in_a_given_split_near_duplicates_stay_and_are_reported(command, tmp_path):
    for split in ("train", "validation"):
        for index in range(6):
            path = tmp_path / "photos" / split / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(index + 10 * (split == "train")).save(path)
    copy(picture(0), 0).save(tmp_path / "photos" / "train" / "a" / "again.png")
    result = command(f"--image_dir={tmp_path / 'photos'}", f"--model_dir={tmp_path / 'run'}", "--dry_run")
    assert result.status == 0
    report = read(tmp_path / "run")
    assert report["splits"] == {"train": 7, "validation": 6}
    assert report["in_several_splits"] == [["train/a/again.png", "validation/a/0.png"]]


def test_a_class_without_an_image_to_train_on_is_told_after_the_report(command, tmp_path):
    (tmp_path / "photos").mkdir()
    rows = ["path,kind,split"]
    for index in range(6):
        shade = np.full([9, 9, 3], 40 * index, np.uint8)
        Image.fromarray(shade).save(tmp_path / "photos" / f"{index}.png")
        rows.append(f"{index}.png,{'aabbcc'[index]},{'test' if index > 3 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    table = f"--labels_file={tmp_path / 'labels.csv'}"
    result = command(
        f"--image_dir={tmp_path / 'photos'}", table, f"--model_dir={tmp_path / 'run'}", "--dry_run"
    )
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "retrain: Every class needs an image to train on, but train has none of 'c (kind)': add images, or "
        "remove the class."
    )
    assert read(tmp_path / "run")["tasks"]["kind"]["not_in_train"] == ["c"]


def test_what_a_camera_sees_that_never_moves_is_split_as_ever(command, tmp_path):
    """As in the inspection of parts: all pictures look alike, and are no copies of one."""
    scene = np.asarray(picture(0))
    for index in range(24):
        pixels = scene.copy()
        pixels[4:8, 4:8] = 10 * index
        path = tmp_path / "parts" / ("good", "broken")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    result = command(f"--image_dir={tmp_path / 'parts'}", f"--model_dir={tmp_path / 'run'}", "--dry_run")
    assert result.status == 0, result.err
    report = read(tmp_path / "run")
    assert [len(paths) for paths in report["near_duplicates"]] == [24]
    assert set(report["splits"]) == {"train", "validation", "test"}
    assert (
        "24 images look nearly alike, as those of a camera that does not move do: too many to keep them in "
        "one split; give each its group in a table of labels if they are copies." in result.err
    )


def test_damaged_files_are_told_however_many_they_are(command, photos, tmp_path):
    for path in (photos / "a").iterdir():
        path.write_bytes(b"no more")
    (photos / "a" / "notes.txt").touch()
    result = command(f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}", "--dry_run")
    assert result.status == 0
    lines = result.err.splitlines()
    assert lines[0] == "Left out: 1 .txt."
    assert "Left out: 14 images, such as 'a/00.png' (not a file of an image)." in lines
    assert lines[-1] == (
        "Every class needs an image to train on, but train has none of 'a': add images, or remove the class."
    )
    report = read(tmp_path / "run")
    assert (len(report["skipped"]), report["ignored_files"]) == (14, {".txt": 1})
