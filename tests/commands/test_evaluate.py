import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from tests import tiny_worlds


@pytest.fixture(scope="module")
def export(trained_run):
    return f"{trained_run}/export/saved_model"


def test_it_agrees_with_the_predictions_of_training(command, trained_run, export, colour_folder, tmp_path):
    run = tmp_path / "run"
    result = command(
        "evaluate", f"--tfhub_module={export}", f"--image_dir={colour_folder}", f"--model_dir={run}"
    )
    assert result.status == 0
    assert result.out.splitlines() == [
        "",
        "Accuracy 100.0% (86.2% to 100.0%, 24 images)",
        f"Everything is in {run}: metrics.json, predictions.csv",
    ]
    trained, evaluated = (pd.read_csv(of / "predictions.csv") for of in (trained_run, run))
    for column in ("path", "label", "predicted"):
        assert evaluated[column].tolist() == trained[column].tolist()
    np.testing.assert_allclose(evaluated["probability"], trained["probability"], atol=1e-4)
    assert set(evaluated["split"]) == {"evaluation"}
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) == {"evaluation"}
    assert metrics["evaluation"]["count"] == 24
    assert set(os.listdir(run)) == {
        *("config.json", "run.flags", "metrics.json", "predictions.csv", "skipped.csv")
    }


def test_a_folder_may_lack_classes_and_hold_what_is_no_image(command, export, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 6)
    for path in (tmp_path / "photos" / "cyan").iterdir():
        path.unlink()
    (tmp_path / "photos" / "cyan").rmdir()
    (tmp_path / "photos" / "yellow" / "000.png").write_bytes(b"")
    run = tmp_path / "run"
    flags = [f"--tfhub_module={export}", f"--image_dir={tmp_path / 'photos'}", f"--model_dir={run}"]
    assert command("evaluate", *flags).status == 0
    figures = json.loads((run / "metrics.json").read_text())["evaluation"]
    assert (figures["accuracy"], figures["count"]) == (1.0, 11)
    assert figures["classes"]["cyan"]["count"] == 0
    assert (run / "skipped.csv").read_text() == "path,reason\nyellow/000.png,empty file\n"


def test_one_class_will_do(command, export, colour_folder, tmp_path):
    shutil.copytree(f"{colour_folder}/cyan", tmp_path / "photos" / "cyan")
    result = command(
        *("evaluate", f"--tfhub_module={export}", f"--image_dir={tmp_path}/photos"),
        f"--model_dir={tmp_path}/run",
    )
    assert (result.status, result.out.splitlines()[1][:15]) == (0, "Accuracy 100.0%")


def test_all_splits_of_a_folder_count_and_copies_too(command, export, tmp_path):
    for split in ("train", "test"):
        tiny_worlds.colour_folder(tmp_path / "photos" / split, 2)
    run = tmp_path / "run"
    flags = [f"--tfhub_module={export}", f"--image_dir={tmp_path / 'photos'}", f"--model_dir={run}"]
    assert command("evaluate", *flags).status == 0
    assert json.loads((run / "metrics.json").read_text())["evaluation"]["count"] == 12


def test_a_class_that_the_classifier_does_not_know(command, export, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 1)
    os.rename(tmp_path / "photos" / "cyan", tmp_path / "photos" / "blue")
    run = tmp_path / "run"
    flags = [f"--tfhub_module={export}", f"--image_dir={tmp_path / 'photos'}", f"--model_dir={run}"]
    assert command("evaluate", *flags) == (
        2,
        "",
        f"retrain: The classifier {export!r} does not know the class 'blue' of this folder; it knows 'cyan', "
        "'magenta', 'yellow'. Rename or remove the class folder.\n",
    )
    assert not run.exists()


def test_its_flags_repeat_it(command, export, colour_folder, tmp_path):
    flags = [f"--tfhub_module={export}", f"--image_dir={colour_folder}"]
    assert command("evaluate", *flags, f"--model_dir={tmp_path / 'a'}").status == 0
    again = command("evaluate", f"--flagfile={tmp_path / 'a'}/run.flags", f"--model_dir={tmp_path / 'b'}")
    assert again.status == 0
    for name in ("metrics.json", "predictions.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
