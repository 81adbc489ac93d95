"""Runs on a Keras model, whose layers an export no longer has."""

import os
import pathlib

import keras
import numpy as np
import pytest

from retrain.__main__ import main
from retrain.commands.export.keras_source import on_its_source
from retrain.exporters.consumers import needed_by_keras_file
from retrain.exporters.restored import restored_classifier
from retrain.runs.run import Run
from tests import tiny_worlds


def network(path: pathlib.Path, channels: int = 4) -> str:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(channels, 3), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    keras.Sequential([keras.Input((8, 8, 3)), *layers, keras.layers.GlobalAveragePooling2D()]).save(path)
    return str(path)


@pytest.fixture(params=[(), ("--fine_tune", "--max_steps=6", "--learning_rate=0.01")])
def run(request, tmp_path) -> str:
    tiny_worlds.colour_folder(tmp_path / "colours", 8)
    flags = [f"--image_dir={tmp_path / 'colours'}", f"--tfhub_module={network(tmp_path / 'm.keras')}"]
    flags += ["--export_formats=saved_model", f"--model_dir={tmp_path / 'run'}", *request.param]
    assert main(["retrain", *flags]) == 0
    return str(tmp_path / "run")


def export(run: str) -> None:
    assert main(["retrain", "export", f"--model_dir={run}", "--export_formats=keras"]) == 0


def test_a_file_of_keras_is_made_later_with_the_weights_of_the_export(run):
    export(run)
    directory = f"{run}/export/keras"
    assert needed_by_keras_file(directory) == ""
    images = np.random.default_rng(0).random([3, 8, 8, 3], np.float32)
    found = keras.saving.load_model(f"{directory}/model.keras")(images)["default"]
    expected = restored_classifier(f"{run}/export/saved_model").outputs(images, "serving_default")["default"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_where_the_source_is_gone_or_another_module_layers_do(run):
    source = os.path.join(os.path.dirname(run), "m.keras")
    classifier = restored_classifier(f"{run}/export/saved_model")
    network(pathlib.Path(source), channels=5)
    assert on_its_source(classifier, Run(run)) is classifier
    os.remove(source)
    assert on_its_source(classifier, Run(run)) is classifier
    export(run)
    assert needed_by_keras_file(f"{run}/export/keras") == "retrain.keras"


def test_a_run_on_another_module(telling_run):
    classifier = restored_classifier(f"{telling_run}/export/saved_model")
    assert on_its_source(classifier, Run(telling_run)) is classifier
