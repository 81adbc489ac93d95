import json
import os
import pathlib
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds

SHARED = pathlib.Path(__file__).parents[3] / "shared"


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
        "The classifier was trained on 18 of these 24 images, and chosen by 3 (its validation split): "
        "figures that count them flatter.",
        "On the 3 others: accuracy 100.0% (43.9% to 100.0%, 3 images)",
        f"Everything is in {run}: predictions.csv, report.html, metrics.json",
    ]
    trained, evaluated = (pd.read_csv(of / "predictions.csv") for of in (trained_run, run))
    for column in ("path", "label", "predicted"):
        assert evaluated[column].tolist() == trained[column].tolist()
    np.testing.assert_allclose(evaluated["probability"], trained["probability"], atol=1e-4)
    assert set(evaluated["split"]) == {"evaluation"}
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) == {"evaluation", "not_seen_in_training"}
    assert [metrics["evaluation"][key] for key in ("count", "trained_on", "chosen_by")] == [24, 18, 3]
    assert metrics["not_seen_in_training"]["count"] == 3
    assert set(os.listdir(run)) == {
        *("config.json", "run.flags", "metrics.json", "predictions.csv", "report.html", "skipped.csv"),
        "times.json",
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


def test_given_splits_are_evaluated_each_and_copies_count(command, export, tmp_path):
    for split in ("train", "test"):
        tiny_worlds.colour_folder(tmp_path / "photos" / split, 2, size=(4, 4))
    run = tmp_path / "run"
    flags = [f"--tfhub_module={export}", f"--image_dir={tmp_path / 'photos'}", f"--model_dir={run}"]
    result = command("evaluate", *flags)
    assert result.status == 0
    assert result.out.splitlines()[1:-1] == [
        f"{split} accuracy 100.0% (61.0% to 100.0%, 6 images)" for split in ("Train", "Test")
    ]
    metrics = json.loads((run / "metrics.json").read_text())
    assert {name: of["count"] for name, of in metrics.items()} == {
        "evaluation": 12,
        "train": 6,
        "test": 6,
        "not_seen_in_training": 12,
    }
    assert pd.read_csv(run / "predictions.csv")["split"].value_counts().to_dict() == {"train": 6, "test": 6}


def test_what_an_archive_knows_is_known_when_it_is_unpacked(command, export, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 1)
    os.rename(tmp_path / "photos" / "cyan", tmp_path / "photos" / "blue")
    archive = shutil.make_archive(str(tmp_path / "export"), "gztar", export)
    flags = [f"--tfhub_module={archive}", f"--image_dir={tmp_path / 'photos'}"]
    result = command("evaluate", *flags, f"--model_dir={tmp_path / 'run'}")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == (
        f"retrain: The classifier {archive!r} does not know the class 'blue' of this folder; it knows "
        "'cyan', 'magenta', 'yellow'. Rename or remove the class folder."
    )
    assert not (tmp_path / "run").exists()


def test_its_flags_repeat_it(command, export, colour_folder, tmp_path):
    flags = [f"--tfhub_module={export}", f"--image_dir={colour_folder}"]
    assert command("evaluate", *flags, f"--model_dir={tmp_path / 'a'}").status == 0
    again = command("evaluate", f"--flagfile={tmp_path / 'a'}/run.flags", f"--model_dir={tmp_path / 'b'}")
    assert again.status == 0
    for name in ("metrics.json", "predictions.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_evaluate_by_the_publishers_classes(command, published, tmp_path):
    # Of what is called yellow here, one third is magenta.
    tiny_worlds.colour_folder(tmp_path / "photos", 2)
    other = tiny_worlds.colour_folder(tmp_path / "other", 1)
    (pathlib.Path(other) / "magenta" / "000.png").rename(tmp_path / "photos" / "yellow" / "wrong.png")
    result = command(
        *("evaluate", f"--tfhub_module={published}/module", f"--label_map={published}/labels.txt"),
        *(f"--image_dir={tmp_path}/photos", f"--model_dir={tmp_path}/run"),
    )
    assert result.status == 0, result.err
    assert result.out.splitlines()[1:3] == [
        "Accuracy 85.7% (48.7% to 97.4%, 7 images); "
        "lowest F1: magenta 0.80 (2 images), yellow 0.80 (3 images)",
        "Top-5 accuracy 100.0%",
    ]
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())["evaluation"]
    assert (figures["accuracy"], figures["top_5_accuracy"]) == (6 / 7, 1.0)
    assert list(figures["classes"]) == ["cyan", "magenta", "yellow"]
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert predictions["label"].tolist() == [*2 * ["cyan"], *2 * ["magenta"], *3 * ["yellow"]]
    assert predictions["predicted"].tolist() == [
        *2 * ["Aqua, Cyan"], *2 * ["Magenta"], *2 * ["Yellow"], "Magenta",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["saved_model_classification", "tf1_hub_classification", "tf1_hub", "tf1_hub_resource"]
)
def test_evaluate_published_modules(command, name, tmp_path):
    module = SHARED / "modules" / "mobilenet_v1_025_128" / name
    if not module.is_dir():
        pytest.skip(f"{module} is not there")
    for folder, picture in {"Macaw": "parrot", "egyptian cat": "cat_720p", "hot dog": "hot_dog"}.items():
        (tmp_path / "photos" / folder).mkdir(parents=True)
        (tmp_path / "photos" / folder / "1.jpg").symlink_to(SHARED / "data" / "pictures" / f"{picture}.jpg")
    labels = SHARED / "modules" / "imagenet_labels.txt"
    result = command(
        *("evaluate", f"--tfhub_module={module}", f"--label_map={labels}"),
        *(f"--image_dir={tmp_path}/photos", f"--model_dir={tmp_path}/run"),
    )
    assert result.status == 0, result.err
    # The smallest MobileNet: it takes the tabby for a tiger cat, and the hot dog for a conch.
    assert result.out.splitlines()[1:3] == [
        "Accuracy 33.3% (6.1% to 79.2%, 3 images); "
        "lowest F1: egyptian cat 0.00 (1 image), hot dog 0.00 (1 image)",
        "Top-5 accuracy 66.7%",
    ]
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv").set_index("label")
    assert predictions["predicted"].to_dict() == {
        "Macaw": "macaw",
        "egyptian cat": "tiger cat",
        "hot dog": "conch",
    }
    assert predictions["probability"]["Macaw"] == pytest.approx(0.823, abs=0.01)


def test_a_module_without_classes(command, averaging_module, published, colour_folder, tmp_path):
    result = command(
        *("evaluate", f"--tfhub_module={averaging_module}", f"--label_map={published}/labels.txt"),
        *(f"--image_dir={colour_folder}", f"--model_dir={tmp_path}/run"),
    )
    assert result.status == 2
    assert "has no signature 'image_classification'; it has: image_feature_vector." in result.err


def test_a_label_file_of_another_module(command, published, colour_folder, tmp_path):
    (tmp_path / "labels.txt").write_text("cyan\nmagenta\nyellow\n")
    result = command(
        *("evaluate", f"--tfhub_module={published}/module", f"--label_map={tmp_path}/labels.txt"),
        *(f"--image_dir={colour_folder}", f"--model_dir={tmp_path}/run"),
    )
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        f"retrain: --label_map='{tmp_path}/labels.txt' has 3 lines, and '{published}/module' gives scores "
        "for 7 classes: name the label file of this module, which may begin with a line for the background."
    )


def test_how_many_images_are_unfamiliar_and_figures_of_the_others(command, telling_run, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 6)
    for index in range(2):
        Image.new("RGB", (8, 8), (200 + index, 0, 0)).save(tmp_path / "photos" / "cyan" / f"red{index}.png")
    run = tmp_path / "run"
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--model_dir={run}"]
    result = command("evaluate", f"--tfhub_module={telling_run}", *flags)
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[1].startswith("Accuracy 90.0%")
    metrics, table = json.loads((run / "metrics.json").read_text()), pd.read_csv(run / "predictions.csv")
    rejected = table["familiarity"] < 0.05
    assert rejected[table["path"].str.contains("red")].all()
    count = int(rejected.sum())
    assert metrics["evaluation"]["unfamiliar"] == count
    assert metrics["familiar"]["count"] == 20 - count
    at = lines.index(
        f"Unfamiliar, as 5% of known images are: {count} of 20 images, for which predict "
        f"--reject_unfamiliar gives no class."
    )
    assert lines[at + 1].startswith("On the familiar ones: accuracy 100.0%")


def test_a_certain_mistake_has_the_loss_of_its_logit(command, loaded_module, colour_folder, tmp_path):
    """Where the probability of what is there is 0, and the loss of that would be the smallest number's."""
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["cyan", "magenta", "yellow"])})
    model.biases["label"].assign([300.0, 0.0, 0.0])
    exporter("saved_model")(model, str(tmp_path / "export"))
    run = tmp_path / "run"
    flags = [f"--tfhub_module={tmp_path}/export", f"--image_dir={colour_folder}", f"--model_dir={run}"]
    assert command("evaluate", *flags).status == 0
    figures = json.loads((run / "metrics.json").read_text())["evaluation"]
    assert figures["average_loss"] == pytest.approx(200.0, rel=1e-6)
    assert figures["loss"] == figures["average_loss"]
