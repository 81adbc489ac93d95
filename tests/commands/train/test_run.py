import json
import os
import pathlib
import shutil
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from retrain.commands.train import run as train_run
from retrain.commands.train.run import run, train_classifier, train_model
from retrain.errors import InputError
from retrain.features import feature_pass
from retrain.features import stored as stored_features
from retrain.flags import parse
from retrain.head_search.starts import SHARE
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from retrain.runs.run import FINISHED, UNFINISHED, Run
from retrain.settings.config import Config
from tests import tiny_worlds
from tests.report.outcomes import of_two_tasks

# Enough for colours, and much faster than the 1000 steps of the recipe.
FAST = "--max_steps=60"
ONE_FORMAT = "--export_formats=saved_model"


def read_json(path: pathlib.Path):
    return json.loads(path.read_text("utf-8"))


def variables(run: pathlib.Path) -> dict[str, bytes]:
    reader = tf.train.load_checkpoint(str(run))
    names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    return {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names}


def random_images(directory: pathlib.Path, count: int) -> None:
    for index in range(count):
        shade = np.random.default_rng(index).integers(256, size=3)
        path = directory / f"class {index % 2}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), tuple(shade.tolist())).save(path)


def test_everything_is_there(trained_run):
    assert {path.name for path in trained_run.iterdir() if not path.name.startswith("ckpt-")} == {
        *(
            "checkpoint",
            "config.json",
            "examples.csv",
            "events",
            "export",
            "labels.txt",
        ),
        *("metrics.json", "predictions.csv", "predictions.png", "report.html", "run.flags", "skipped.csv"),
        *("data_report.json", "label_issues.csv", "exports.json", "times.json"),
    }
    assert {path.name: len(list(path.iterdir())) for path in (trained_run / "events").iterdir()} == {
        "train": 1,
        "validation": 1,
        "test": 1,
    }
    assert (trained_run / "labels.txt").read_text() == "cyan\nmagenta\nyellow\n"
    assert (trained_run / "skipped.csv").read_text() == "path,reason\n"
    assert not list(trained_run.rglob("*.partial"))


def test_colours_are_told_apart_without_a_mistake(trained_run):
    metrics = read_json(trained_run / "metrics.json")
    assert set(metrics) == {"validation", "test", "cross_validation", "global_step"}
    assert metrics["global_step"] == 1000
    assert (metrics["cross_validation"]["accuracy"], metrics["cross_validation"]["count"]) == (1.0, 24)
    for split in ("validation", "test"):
        figures = metrics[split]
        assert (figures["accuracy"], figures["count"]) == (1.0, 3)
        assert figures["confusion_matrix"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        assert set(figures["classes"]) == {"cyan", "magenta", "yellow"}
        assert figures["loss"] < 0.05


def test_predictions_are_of_all_images(trained_run, colour_folder):
    predictions = pd.read_csv(trained_run / "predictions.csv")
    assert list(predictions.columns) == ["path", "split", "label", "predicted", "probability"]
    assert set(predictions["path"]) == {
        path.relative_to(colour_folder).as_posix() for path in pathlib.Path(colour_folder).rglob("*.png")
    }
    assert (predictions["label"] == predictions["predicted"]).all()
    assert predictions["split"].value_counts().to_dict() == {"train": 18, "validation": 3, "test": 3}


def test_the_settings_are_written_as_they_were(trained_run, colour_folder, averaging_module):
    again = parse(["retrain", f"--flagfile={trained_run}/run.flags", f"--model_dir={trained_run}"])
    assert again.config == Config.of(
        image_dir=colour_folder, tfhub_module=averaging_module, model_dir=str(trained_run)
    )
    written = read_json(trained_run / "config.json")
    assert (written["data"]["image_dir"], written["head"]["max_steps"]) == (colour_folder, None)


def test_the_export_classifies(trained_run):
    probabilities = tf.saved_model.load(str(trained_run / "export" / "saved_model")).signatures[
        "serving_default"
    ]
    colours = np.array([*tiny_worlds.COLOURS.values()], np.float32)[:, None, None] / 255
    outputs = probabilities(images=tf.constant(np.broadcast_to(colours, [3, 8, 8, 3])))["default"]
    assert np.argmax(outputs, axis=1).tolist() == [0, 1, 2]


def test_the_flags_of_a_run_repeat_it_to_the_last_bit(command, colour_folder, averaging_module, tmp_path):
    random_images(tmp_path / "photos", 30)
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    common = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    assert command(*common, f"--model_dir={first}", FAST, "--feature_cache=none", "--seed=3").status == 0
    assert command(f"--flagfile={first}/run.flags", f"--model_dir={again}").status == 0
    assert command(*common, f"--model_dir={other}", FAST, "--seed=4").status == 0
    for name in ("predictions.csv", "metrics.json", "labels.txt", "run.flags"):
        assert (again / name).read_bytes() == (first / name).read_bytes()
    assert variables(again) == variables(first)
    assert variables(other) != variables(first)


def test_features_that_do_not_lie_in_memory_give_the_same_run(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    monkeypatch.setattr(stored_features, "ROWS_AT_A_TIME", 7)
    within, without = tmp_path / "within", tmp_path / "without"
    for directory in (within, without):
        assert command(*flags, f"--model_dir={directory}").status == 0
        monkeypatch.setattr(feature_pass, "IN_MEMORY", 0)
    assert set(variables(without)) == set(variables(within))
    assert (without / "metrics.json").read_bytes() == (within / "metrics.json").read_bytes()
    for name in ("predictions.csv", "label_issues.csv"):
        one, other = (pd.read_csv(directory / name) for directory in (without, within))
        pd.testing.assert_frame_equal(one, other, rtol=1e-5)


def test_randomly_labelled_images_are_not_told_apart(command, averaging_module, tmp_path):
    random_images(tmp_path / "photos", 120)
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}", "--testing_percentage=40")
    assert result.status == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] < 0.75


def test_an_export_is_retrained_on_other_photos(command, trained_run, tmp_path):
    for name, colour in {"dark": 20, "light": 235}.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for index in range(6):
            shade = (colour, colour, colour + index)
            Image.new("RGB", (9, 9), shade).save(tmp_path / "photos" / name / f"{index}.png")
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={trained_run}/export/saved_model"]
    assert command(*flags, ONE_FORMAT, f"--model_dir={tmp_path / 'run'}").status == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] == 1.0
    export = tf.saved_model.load(str(tmp_path / "run" / "export" / "saved_model"))
    assert export.image_classification(np.zeros([1, 8, 8, 3], np.float32)).shape == (1, 2)
    assert len(export.trainable_variables) == 3 + 2  # the heads of both trainings, and the first base


def test_names_of_classes_may_hold_commas_quotes_and_any_script(command, averaging_module, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 4)
    names = {"cyan": 'a, "b"', "magenta": "'c'", "yellow": "玫瑰 %s"}
    for old, new in names.items():
        os.rename(tmp_path / "photos" / old, tmp_path / "photos" / new)
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}", "--max_steps=200")
    assert result.status == 0
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert set(predictions["label"]) == set(predictions["predicted"]) == set(names.values())
    labels = tmp_path / "run" / "export" / "saved_model" / "assets.extra" / "labels.txt"
    assert labels.read_text("utf-8").splitlines() == sorted(names.values())


@pytest.mark.parametrize(("left_out", "last"), [("test", "Validation"), ("validation", "Test")])
def test_a_given_split_may_lack_test_or_validation(command, averaging_module, tmp_path, left_out, last):
    for shift, split in enumerate(("train", "validation", "test")):
        if split != left_out:
            tiny_worlds.colour_folder(tmp_path / "photos" / split, 4, size=(6 + shift, 6))
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}", "--max_steps=200")
    assert result.status == 0
    assert result.out.splitlines()[1] == f"{last} accuracy 100.0% (75.8% to 100.0%, 12 images)"
    assert result.out.splitlines()[2].startswith(
        "Frozen module, cross-validated: accuracy 100.0% (86.2% to 100.0%, 24 images)"
    )
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert set(metrics) == {last.lower(), "cross_validation", "global_step"}
    assert "the penalty of the lowest loss in cross-validation" in result.err


def test_without_any_held_out_image_there_is_no_figure(command, colour_folder, averaging_module, tmp_path):
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", FAST, ONE_FORMAT]
    split = ["--validation_percentage=0", "--testing_percentage=0"]
    result = command(*flags, *split, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 0
    assert "there is no accuracy to give" in result.out
    assert set(pd.read_csv(tmp_path / "run" / "predictions.csv")["split"]) == {"train"}
    assert set(read_json(tmp_path / "run" / "metrics.json")) == {"cross_validation", "global_step"}


def test_files_that_are_no_images_are_listed_and_the_run_goes_on(command, averaging_module, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 8)
    (tmp_path / "photos" / "cyan" / "000.png").write_bytes(b"")
    (tmp_path / "photos" / "notes.txt").touch()
    flags = [f"--image_dir={tmp_path / 'photos'}", f"--tfhub_module={averaging_module}", ONE_FORMAT]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}", FAST)
    assert result.status == 0
    assert (tmp_path / "run" / "skipped.csv").read_text() == "path,reason\ncyan/000.png,empty file\n"
    assert len(pd.read_csv(tmp_path / "run" / "predictions.csv")) == 23
    assert "23 images of 3 classes: " in result.err
    assert "Left out: 1 .txt." in result.err


def test_a_run_that_is_broken_off_while_it_exports_has_its_figures_and_nothing_half_written(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("retrain.exporters.reusable_saved_model.write_documents", interrupted)
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", FAST]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert (result.status, result.out) == (130, "")
    run = tmp_path / "run"
    assert result.err.splitlines()[-1] == (
        f"retrain: interrupted. Go on with: python -m retrain --flagfile={run}/run.flags --model_dir={run}"
    )
    assert os.listdir(run / "export") == []
    assert not list(tmp_path.rglob("*.partial"))
    assert read_json(run / "metrics.json")["test"]["accuracy"] == 1.0
    assert len(pd.read_csv(run / "predictions.csv")) == 24
    assert not (run / "exports.json").exists()
    assert Run(run).state == UNFINISHED


def test_a_run_that_is_killed_at_its_very_end_goes_on(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    """It is finished when nothing is left to write, and what was begun then is removed."""
    run = tmp_path / "run"

    def interrupted(*_):
        (run / ".report.html.0f0f0f0f.partial").touch()
        raise KeyboardInterrupt

    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", FAST, ONE_FORMAT]
    flags += [f"--model_dir={run}"]
    with monkeypatch.context() as patched:
        patched.setattr("retrain.commands.train.run.end_report", interrupted)
        assert command(*flags).status == 130
    assert Run(run).state == UNFINISHED
    assert command(*flags).status == 0
    assert Run(run).state == FINISHED
    assert not list(run.rglob("*.partial"))


def test_a_run_that_fails_before_it_writes_leaves_no_directory(
    command, colour_folder, averaging_module, tmp_path, monkeypatch
):
    def failing(*_):
        raise InputError("A sentence.")

    monkeypatch.setattr("retrain.head_search.search.choose_each", failing)
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}"]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == "retrain: A sentence."
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("formats", "status", "written"), [("saved_model,hub_module", 0, ["hub_module"]), ("saved_model", 1, [])]
)
def test_a_format_that_cannot_be_written_costs_itself_only(
    command, colour_folder, averaging_module, tmp_path, monkeypatch, formats, status, written
):
    def unable(*_):
        raise tf.errors.InvalidArgumentError(None, None, "This graph cannot be saved.\nNode: x")

    monkeypatch.setattr(tf.saved_model, "save", unable)
    run = tmp_path / "run"
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", FAST]
    result = command(*flags, f"--model_dir={run}", f"--export_formats={formats}")
    assert result.status == status
    told = "The format saved_model cannot be written, and is left out: This graph cannot be saved."
    assert told in result.err
    assert sorted(os.listdir(run / "export")) == written
    exports = read_json(run / "exports.json")
    assert (exports["written"], list(exports["failed"])) == (written, ["saved_model"])
    assert read_json(run / "metrics.json")["test"]["accuracy"] == 1.0
    assert "Test accuracy 100.0%" in result.out
    assert ("Next: " in result.out) == bool(written)
    assert Run(run).state == FINISHED


def test_it_is_said_when_no_step_was_better_than_none(colour_plan, monkeypatch, capsys):
    outcome = of_two_tasks(global_step=0)
    monkeypatch.setattr("retrain.commands.train.run.prepare", lambda plan, workers: None)
    monkeypatch.setattr("retrain.commands.train.run.train_classifier", lambda *_: (outcome, []))
    run(colour_plan)
    assert capsys.readouterr().out.splitlines()[2:4] == [
        "Step 0 was the best: what is exported is the frozen classifier.",
        "A lower learning rate, or more steps, may do better.",
    ]


def test_the_story_is_told_below_the_command_line(colour_plan, prepared_colours, tmp_path):
    plan = colour_plan._replace(run=Run(tmp_path / "run"))
    outcome, exports = train_classifier(plan, prepared_colours)
    assert outcome.global_step == 20
    assert exports == [plan.run.export(name) for name in ("saved_model", "hub_module", "tflite")]
    assert len(outcome.label_issues) == 24
    assert (plan.run.steps_taken, plan.run.state) == (20, FINISHED)


def test_who_reads_exports_again_loads_while_the_report_is_made(
    colour_plan, prepared_colours, tmp_path, monkeypatch
):
    steps = ["train_model", "reading_process", "check_labels", "write_artefacts", "write_exports"]
    plan, done = colour_plan._replace(run=Run(tmp_path / "run")), Mock()
    for name in steps:
        getattr(done, name).side_effect = getattr(train_run, name)
        monkeypatch.setattr(train_run, name, getattr(done, name))
    train_classifier(plan, prepared_colours)
    assert [name for name, *_ in done.mock_calls if name in steps] == steps


def test_a_model_begins_its_directory_before_it_is_trained(
    colour_plan, prepared_colours, tmp_path, monkeypatch
):
    """What is known of the run is written down when the heads are found, and no image was trained on."""
    plan = colour_plan._replace(
        run=Run(tmp_path / "run"), config=colour_plan.config.replaced(fine_tune=True, max_steps=1)
    )

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("retrain.commands.train.run.train_on_images", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_model(plan, prepared_colours)
    assert (plan.run.state, plan.run.flags["fine_tune"]) == (UNFINISHED, "true")
    assert (plan.run.path / "examples.csv").is_file()


def test_a_warm_run_that_learns_nothing_keeps_what_it_began_with(command, published, colour_folder, tmp_path):
    flags = [f"--tfhub_module={published}/module", f"--label_map={published}/labels.txt", ONE_FORMAT]
    still = ["--warm_start_head", "--learning_rate=1e-30", "--max_steps=1"]
    result = command(*flags, *still, f"--image_dir={colour_folder}", f"--model_dir={tmp_path}/run")
    assert result.status == 0, result.err
    assert (
        "Head: begins with the publisher's weights for 3 of 3 classes: cyan, magenta, yellow." in result.err
    )
    model = load_module(f"{tmp_path}/run/export/saved_model", signature=IMAGE_CLASSIFICATION)
    images = np.random.default_rng(0).random((5, 8, 8, 3), np.float32)
    scores = images.mean(axis=(1, 2)) @ tiny_worlds.KERNEL + tiny_worlds.BIAS
    differences = SHARE * (scores[:, [3, 4, 5]] - scores[:, [3]])
    logits = model.output(images, IMAGE_CLASSIFICATION).numpy()
    np.testing.assert_allclose(logits - logits[:, :1], differences, atol=1e-5)


@pytest.mark.parametrize("place", ["", "ckpt-1000"])
def test_more_classes_begin_with_the_head_of_fewer(command, trained_run, tmp_path, place):
    photos = pathlib.Path(tiny_worlds.colour_folder(tmp_path / "photos", 4))
    shutil.copytree(photos / "cyan", photos / "a new one")
    # As good as no training: the head is where it began.
    still = ["--max_steps=1", "--learning_rate=1e-20", "--testing_percentage=0", ONE_FORMAT]
    flags = [f"--image_dir={photos}", f"--warm_start_from={trained_run / place}", *still]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 0
    from_there = f"classes go on from {str(trained_run / place)!r} (cyan, magenta, yellow); new: a new one."
    assert f"Head: 3 of 4 {from_there}" in result.err
    begun = head_of(tmp_path / "run")
    np.testing.assert_allclose(begun[:, 1:], head_of(trained_run), rtol=0, atol=1e-5)
    np.testing.assert_allclose(begun[:, 0], np.zeros(4), atol=1e-19)


def head_of(run: pathlib.Path) -> np.ndarray:
    """Kernel and, as its last row, bias."""
    reader = tf.train.load_checkpoint(str(run))
    kernel, bias = (
        reader.get_tensor(f"model/{name}/label/.ATTRIBUTES/VARIABLE_VALUE") for name in ("kernels", "biases")
    )
    return np.concatenate([kernel, bias[None]])
