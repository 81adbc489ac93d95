"""A picture that its camera held sideways is upright to training, evaluation and prediction alike."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

TURNS = {
    1: [],
    3: [Image.Transpose.ROTATE_180],
    6: [Image.Transpose.ROTATE_90],
    8: [Image.Transpose.ROTATE_270],
}

ONE_FORMAT = "--export_formats=saved_model"


@pytest.fixture(scope="module")
def quarters(tmp_path_factory) -> str:
    """A module whose features are the means of the four quarters of an image."""
    root = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32)])
    def features(images):
        return tf.reshape(tf.nn.avg_pool2d(images, 4, 4, "VALID")[..., 0], [-1, 4])

    root.__call__ = features
    directory = tmp_path_factory.mktemp("quarters") / "module"
    tf.saved_model.save(root, str(directory), {"serving_default": features})
    return str(directory)


def save(path, name: str, orientation: int, value: int) -> None:
    """A picture whose upper or left half is bright when it is held as `orientation` says."""
    pixels = np.full([16, 16, 3], 10, np.uint8)
    pixels[: 8 if name == "upper" else 16, : 8 if name == "left" else 16] = value
    image = Image.fromarray(pixels)
    for turn in TURNS[orientation]:
        image = image.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=95, exif=exif)


def folder(directory, orientations) -> str:
    for name in ("left", "upper"):
        for value in range(200, 212):
            orientation = orientations[value % len(orientations)]
            save(directory / name / f"{value}.jpg", name, orientation, value)
    return str(directory)


@pytest.mark.parametrize(("trained", "seen"), [([1], [3, 6, 8]), ([3, 6, 8], [1])])
def test_upright_in_training_evaluation_and_prediction(command, quarters, tmp_path, trained, seen):
    photos, others = folder(tmp_path / "photos", trained), folder(tmp_path / "others", seen)
    run, evaluation = tmp_path / "run", tmp_path / "evaluation"
    flags = [f"--tfhub_module={quarters}", f"--image_dir={photos}", "--max_steps=200", ONE_FORMAT]
    assert command(*flags, f"--model_dir={run}").status == 0
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] == 1.0
    export = f"--tfhub_module={run}/export/saved_model"
    assert command("evaluate", export, f"--image_dir={others}", f"--model_dir={evaluation}").status == 0
    assert json.loads((evaluation / "metrics.json").read_text())["evaluation"]["accuracy"] == 1.0
    lines = command("predict", export, others).out.splitlines()[1:]
    assert all(line.split("\t")[0].split("/")[-2] == line.split("\t")[1] for line in lines)
    assert len(lines) == 24
