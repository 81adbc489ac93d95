"""Training on images, end to end: every source of modules, frozen and fine-tuned, softmax and sigmoid."""

import json
import math
import os
import pathlib
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from retrain.commands.train import pixels as pixel_stage
from retrain.commands.train.pixels import Recipe, model_to_train, recipe_for, trained_weights
from retrain.examples.labelled import LabelledExamples
from retrain.flags import parse
from retrain.head_search.recipe import LEARNING_RATE
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.runs.run import NEW, Run
from retrain.settings.config import Config
from retrain.training.pixel_recipe import described
from tests import tiny_tf1_hub, tiny_worlds
from tests.commands.worlds import FINE_TUNE, noisy_photos
from tests.examples.worlds import made_up
from tests.tiny_worlds import averaging_module

SHORT = ["--max_steps=6", "--eval_every=3", "--batch_size=6", "--export_formats=saved_model"]
MODULES = {
    "keras": tiny_worlds.keras_file,
    "tf1_hub": lambda directory: tiny_tf1_hub.averaging_module(directory, 1.0),
}


@pytest.fixture(scope="module")
def handles(tmp_path_factory) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("modules")
    return {name: make(directory / name) for name, make in MODULES.items()}


def values(run: pathlib.Path) -> list[np.ndarray]:
    """The variables of the base in a run's export, whose last two are the head's."""
    return [v.numpy() for v in tf.saved_model.load(str(run / "export" / "saved_model")).variables[:-2]]


@pytest.mark.parametrize(
    ("source", "head", "flags"),
    [
        ("keras", "sigmoid", ["--fine_tune", "--augment=light"]),
        ("tf1_hub", "softmax", ["--flip_left_right"]),
    ],
)
def test_a_module_is_trained_on_images(command, colour_folder, handles, tmp_path, source, head, flags):
    run, handle = tmp_path / "run", handles[source]
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={handle}", f"--model_dir={run}"]
    # Without validation the last step is taken, however little was gained.
    result = command(*given, f"--head={head}", *flags, *SHORT, "--validation_percentage=0")
    assert result.status == 0, result.err
    frozen = "--fine_tune" not in flags
    begins = (
        "Head on augmented images: 6 steps of 6 images, " if frozen else "Fine-tuning: 6 steps of 6 images, "
    )
    assert begins in result.err
    assert "Step 6 of 6: loss " in result.err
    before = [variable.numpy() for variable in load_module(handle).variables]
    same = [np.array_equal(*pair) for pair in zip(before, values(run), strict=True)]
    assert all(same) if frozen else not all(same)
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) == {"test", "cross_validation", "global_step"}
    assert (metrics["test"]["count"], metrics["global_step"]) == (3, 6)
    assert len(pd.read_csv(run / "predictions.csv")) == 24
    assert (run / "augmented.png").is_file()


@pytest.mark.parametrize("augment", ["none", "light"])
def test_an_image_that_vanishes_after_the_feature_pass(
    command, averaging_module, tmp_path, monkeypatch, augment
):
    photos = pathlib.Path(tiny_worlds.colour_folder(tmp_path / "photos"))
    recipe_for = pixel_stage.recipe_for

    def vanish(*arguments):
        shutil.rmtree(photos / "cyan")
        return recipe_for(*arguments)

    monkeypatch.setattr(pixel_stage, "recipe_for", vanish)
    given = [f"--image_dir={photos}", f"--tfhub_module={averaging_module}", f"--augment={augment}", *SHORT]
    result = command(*given, f"--model_dir={tmp_path / 'run'}", "--fine_tune")
    assert result.status == 2
    first = sorted(f"{photos}/cyan/{index:03}.png" for index in range(8))[0]
    assert result.err.splitlines()[-1] == (
        f"retrain: {first!r} was an image when the run began, and no longer is (cannot be read (No such file "
        f"or directory)): images have to stay as they are until it ends; put it back, or give another "
        f"--model_dir."
    )


def test_the_best_step_is_what_is_exported_and_predicted_with(
    command, colour_folder, averaging_module, trained_run, tmp_path
):
    """Towards labels that say nothing it gets worse, so that the best is the frozen head, as it was."""
    run = tmp_path / "run"
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", "--augment=none"]
    tuned = ["--fine_tune", "--learning_rate=0.1", "--warmup_steps=0", "--label_smoothing=0.99"]
    result = command(*given, f"--model_dir={run}", *tuned, *SHORT)
    assert result.status == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["global_step"] == 0
    assert (run / "predictions.csv").read_bytes() == (trained_run / "predictions.csv").read_bytes()
    assert {path.name for path in run.glob("ckpt-*")} == {"ckpt-0", "ckpt-3", "ckpt-6"}
    assert not (run / "augmented.png").exists()
    # What is said of steps and rates is said of fine-tuning: its head is that of the frozen module.
    [head] = [line for line in result.err.splitlines() if line.startswith("Head: learning_rate=")]
    assert "; 1000 steps of 100 images, " in head


@pytest.mark.parametrize("calibrate", ["--calibrate", "--nocalibrate"])
def test_steps_are_compared_by_what_would_be_exported_of_them(
    command, colour_folder, averaging_module, tmp_path, calibrate
):
    """So that the log and the file say the same of the best."""
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", "--fine_tune"]
    result = command(*given, f"--model_dir={tmp_path / 'run'}", calibrate, "--augment=none", *SHORT)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    best = f"Step {metrics['global_step']} of 6: "
    [line] = [line for line in result.err.splitlines() if best in line]
    assert f"validation loss {metrics['validation']['loss']:.4g}, " in line


# Along their mean, (3, 0), the sum of squares is 9, and the variance 1.
FEATURES = np.array([[2.0, 0.0], [4.0, 0.0]] * 4, np.float32)


def recipe(train: int = 8, validation: int = 0, num_weights: int = 0, **settings: object) -> Recipe:
    """For so many images, and weights of the base."""
    return recipe_for(Config.of(**settings), images(train, validation), num_weights)


def images(train: int = 8, validation: int = 0) -> LabelledExamples:
    """Of two classes."""
    count = train + validation
    labels = [("a", "b")[row % 2] for row in range(count)]
    examples = made_up([f"{row}.png" for row in range(count)], label=labels)
    splits = [*["train"] * train, *["validation"] * validation]
    features = np.resize(FEATURES, [count, 2])
    return examples.with_splits(splits).with_features(features)


def test_the_recipe_goes_by_the_images_to_train_on():
    tuned = recipe(1000, 100, fine_tune=True)
    assert (tuned.pixels.max_steps, tuned.pixels.batch_size, tuned.pixels.learning_rate) == (1875, 32, 0.02)
    assert (tuned.pixels.eval_every.steps, tuned.augmentation.augment) == (32, "medium")
    assert recipe(1000, 1000, fine_tune=True).pixels.eval_every.steps == 209
    assert recipe(1000, 100, fine_tune=True, max_steps=7, learning_rate=0.5).pixels.max_steps == 7


def test_what_is_given_is_used_and_told():
    words = [
        *("--image_dir=photos", "--do_fine_tuning", "--learning_rate=0.25", "--warmup_steps=50%"),
        *("--weight_decay=0.5", "--base_learning_rate_factor=0.125", "--label_smoothing=0.75"),
        *("--augment=none", "--optimizer=adam", "--max_steps=6", "--eval_every=3", "--batch_size=6"),
    ]
    config = parse(["retrain", *words]).config
    found = recipe_for(config, images(), 0)
    assert described(found.pixels, found.augmentation.augment, antialias=False) == (
        "6 steps of 6 images, optimizer=adam, learning_rate=0.25 after 3 steps of warm-up, then along a "
        "cosine to zero, base_learning_rate_factor=0.125, weight_decay=0.5, label_smoothing=0.75, "
        "augment=none, antialias=off, eval_every=3"
    )


def test_few_images_a_class_are_augmented_more():
    assert recipe(8, fine_tune=True).augmentation.augment == "strong"
    assert recipe(8, fine_tune=True, augment="none").augmentation.augment == "none"
    assert recipe(1000, augment="auto").augmentation.augment == "medium"
    assert recipe(8, augment="light").augmentation.augment == "light"


def test_the_head_of_a_frozen_base_is_trained_as_its_features_allow():
    of_head = recipe(augment="light")
    assert of_head.pixels.learning_rate == pytest.approx(LEARNING_RATE / 10)
    assert (of_head.pixels.weight_decay, of_head.pixels.label_smoothing) == (0.0, 0.0)
    turned = recipe(rotation_range=5.0)
    assert (turned.augmentation.augment, turned.augmentation.rotation_range) == ("none", 5.0)


def test_a_model_is_trained_in_bfloat16_only_if_asked_for(monkeypatch):
    monkeypatch.setattr("retrain.commands.train.pixels.in_bfloat16", lambda settings, model: "bfloat16")
    assert model_to_train(Config.of(fine_tune=True), "float32") == "float32"
    assert model_to_train(Config.of(fine_tune=True, mixed_precision=True), "float32") == "bfloat16"


def test_the_rate_is_told_and_plotted_and_nothing_else_is_done(command, tmp_path):
    images, module = noisy_photos(tmp_path / "photos"), averaging_module(tmp_path / "module")
    run = tmp_path / "run"
    flags = [
        f"--image_dir={images}",
        f"--tfhub_module={module}",
        *FINE_TUNE,
        "--augment=none",
        f"--model_dir={run}",
    ]
    result = command(*flags, "--find_learning_rate")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0] == "learning rate      loss  smoothed"
    assert re.fullmatch(r" +1\.00e-06 +\S+ +\S+", lines[1])
    assert lines[-2] == f"The curve is in {run}/learning_rates.png."
    assert re.fullmatch(r"Suggestion: --learning_rate=[\d.e-]+", lines[-1])
    assert os.listdir(run) == ["learning_rates.png"]
    # The run itself may begin in the same directory.
    assert Run(run).state == NEW


def trained(handle: str, **keywords) -> int:
    return trained_weights(ImageClassifier(load_module(handle), {"kind": ["a", "b"]}, **keywords))


@pytest.mark.parametrize("source", MODULES)
def test_weights_that_are_trained_are_counted(handles, source):
    count = sum(math.prod(variable.shape) for variable in load_module(handles[source]).trainable_variables)
    assert trained(handles[source], train_base=True) == count > 0
    assert trained(handles[source], train_base=False) == 0
