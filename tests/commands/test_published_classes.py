"""`evaluate` by the classes of a module's publisher, and heads that begin with his weights."""

import json
import pathlib

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from retrain.commands.published_labels import published_labels
from retrain.commands.train.warm_start import SHARE, warm_start

from retrain.errors import InputError
from retrain.modules.load import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from tests import tiny_worlds

SHARED = pathlib.Path(__file__).parents[3] / "shared"
# Each class is a colour that the mean RGB of its images agrees with most; "cyan" is one of two names.
LABELS = ("red", "green", "blue", "Aqua, Cyan", "Magenta", "Yellow", "black")
KERNEL = np.asarray(
    [[4, -2, -2, -4, 2, 2, 0], [-2, 4, -2, 2, -4, 2, 0], [-2, -2, 4, 2, 2, -4, 0]], np.float32
)
BIAS = np.asarray([0, 0, 0, 0, 0, 0, 1], np.float32)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> pathlib.Path:
    """A directory with a classifier of colours, `module`, and its labels, `labels.txt`."""
    directory = tmp_path_factory.mktemp("published")
    images = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    kernel, bias = tf.Variable(KERNEL), tf.Variable(BIAS)
    module = tf.train.Checkpoint(kernel=kernel, bias=bias)
    module.image_feature_vector = tf.function(
        lambda images: tf.reduce_mean(images, axis=[1, 2]), input_signature=[images]
    )
    module.image_classification = tf.function(
        lambda images: tf.reduce_mean(images, axis=[1, 2]) @ kernel + bias, input_signature=[images]
    )
    module.variables = [kernel, bias]
    tf.saved_model.save(module, str(directory / "module"))
    (directory / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    return directory


@pytest.fixture
def flags(world, tmp_path):
    return [
        *(f"--tfhub_module={world}/module", f"--label_map={world}/labels.txt"),
        f"--model_dir={tmp_path}/run",
    ]


def test_evaluate_by_the_publishers_classes(command, flags, colour_folder, tmp_path):
    # Of what is called yellow here, one third is magenta.
    tiny_worlds.colour_folder(tmp_path / "photos", 2)
    other = tiny_worlds.colour_folder(tmp_path / "other", 1)
    (pathlib.Path(other) / "magenta" / "000.png").rename(tmp_path / "photos" / "yellow" / "wrong.png")
    result = command("evaluate", *flags, f"--image_dir={tmp_path}/photos")
    assert result.status == 0, result.err
    assert result.out.splitlines()[1:3] == [
        "Accuracy 85.7% (48.7% to 97.4%, 7 images); lowest F1: magenta 0.80, yellow 0.80",
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
        "Accuracy 33.3% (6.1% to 79.2%, 3 images); lowest F1: egyptian cat 0.00, hot dog 0.00",
        "Top-5 accuracy 66.7%",
    ]
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv").set_index("label")
    assert predictions["predicted"].to_dict() == {
        "Macaw": "macaw",
        "egyptian cat": "tiger cat",
        "hot dog": "conch",
    }
    assert predictions["probability"]["Macaw"] == pytest.approx(0.823, abs=0.01)


def test_a_folder_that_the_publisher_does_not_know(command, flags, world, tmp_path):
    tiny_worlds.colour_folder(tmp_path / "photos", 1)
    (tmp_path / "photos" / "cyan").rename(tmp_path / "photos" / "cyanide")
    result = command("evaluate", *flags, f"--image_dir={tmp_path}/photos")
    assert (result.status, result.err) == (
        2,
        f"retrain: The class folder 'cyanide' is not found in '{world}/labels.txt'; the nearest label there "
        "is 'Aqua, Cyan' (line 4): rename or remove the folder.\n",
    )


def test_a_label_file_of_another_module(world, tmp_path):
    module = load_module(f"{world}/module", signature=IMAGE_CLASSIFICATION)
    (tmp_path / "labels.txt").write_text("a\nb\n")
    with pytest.raises(InputError) as raised:
        published_labels(f"{tmp_path}/labels.txt", module)
    assert str(raised.value) == (
        f"--label_map='{tmp_path}/labels.txt' has 2 lines, and '{world}/module' gives scores for 7 classes: "
        "name the label file of this module, which may begin with a line for the background."
    )


def test_a_module_without_classes(command, averaging_module, world, colour_folder, tmp_path):
    result = command(
        *("evaluate", f"--tfhub_module={averaging_module}", f"--label_map={world}/labels.txt"),
        *(f"--image_dir={colour_folder}", f"--model_dir={tmp_path}/run"),
    )
    assert result.status == 2
    assert "has no signature 'image_classification'; it has: image_feature_vector." in result.err


def test_train_reads_a_label_map_to_begin_with_only(command, flags, world, colour_folder):
    result = command(*flags, f"--image_dir={colour_folder}")
    assert (result.status, result.err) == (
        2,
        f"retrain: --label_map='{world}/labels.txt' is not read by train without --warm_start_head: give "
        "both, or neither.\n",
    )


def test_a_head_begins_with_a_share_of_the_publishers_weights(world):
    module = load_module(f"{world}/module")
    start = warm_start(module, ["cyan", "violet", "yellow"], f"{world}/labels.txt")
    kernel, bias = KERNEL - KERNEL.mean(axis=1, keepdims=True), BIAS - BIAS.mean()
    assert start.kernel.dtype == start.bias.dtype == np.float32
    zero = np.zeros(3)
    np.testing.assert_allclose(
        start.kernel, SHARE * np.stack([kernel[:, 3], zero, kernel[:, 5]], axis=1), rtol=1e-6
    )
    np.testing.assert_allclose(start.bias, SHARE * np.asarray([bias[3], 0, bias[5]]), rtol=1e-6)


def test_a_warm_run_that_learns_nothing_keeps_what_it_began_with(command, flags, colour_folder, tmp_path):
    result = command(
        *flags, f"--image_dir={colour_folder}", "--warm_start_head", "--learning_rate=1e-30", "--max_steps=1"
    )
    assert result.status == 0, result.err
    assert (
        "Head: begins with the publisher's weights for 3 of 3 classes: cyan, magenta, yellow." in result.err
    )
    model = load_module(f"{tmp_path}/run/export/saved_model", signature=IMAGE_CLASSIFICATION)
    images = np.random.default_rng(0).random((5, 8, 8, 3), np.float32)
    published = images.mean(axis=(1, 2)) @ KERNEL + BIAS
    differences = SHARE * (published[:, [3, 4, 5]] - published[:, [3]])
    logits = model.output(images, IMAGE_CLASSIFICATION).numpy()
    np.testing.assert_allclose(logits - logits[:, :1], differences, atol=1e-5)


def test_an_export_of_ours_is_a_publisher_too(trained_run):
    module = load_module(f"{trained_run}/export/saved_model")
    labels = f"{trained_run}/export/saved_model/assets.extra/labels.txt"
    assert np.abs(warm_start(module, ["yellow", "cyan"], labels).kernel).min(axis=0).all()


@pytest.mark.parametrize(
    ("names", "handle", "reason"),
    [
        (["cyan"], "averaging", "'{handle}' has no signature image_classification"),
        (["violet", "ochre"], "module", "no class folder has the name of one label in '{labels}'"),
        (["cyan"], "scaled", "no weights of '{handle}' make its class scores of its features"),
    ],
)
def test_a_cold_start_is_said_in_a_line(names, handle, reason, world, averaging_module, tmp_path, caplog):
    handles = {"averaging": averaging_module, "module": f"{world}/module"}
    if handle == "scaled":
        handles[handle] = tiny_worlds.averaging_module(
            tmp_path / "m", methods={"image_feature_vector": 1.0, IMAGE_CLASSIFICATION: 2.0}
        )
    labels = tmp_path / "labels.txt"
    labels.write_text("red\nAqua, Cyan\nblue\n" if handle == "scaled" else (world / "labels.txt").read_text())
    module = load_module(handles[handle])
    assert warm_start(module, names, str(labels)) is None
    said = reason.format(handle=handles[handle], labels=labels)
    assert caplog.messages[-1] == f"--warm_start_head: {said}; the head begins with zeros."


def test_keras_is_not_asked_for_classes(world, tmp_path):
    # Of a Keras file only the features are offered.
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    model.save(tmp_path / "model.keras")
    module = load_module(str(tmp_path / "model.keras"))
    assert warm_start(module, ["cyan"], f"{world}/labels.txt") is None
