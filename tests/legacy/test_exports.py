"""The genuine libraries consume what we export, whatever it was retrained from, and it learns there as it
does here.
"""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.images import load_image
from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from tests import tiny_tf1_hub, tiny_worlds
from tests.legacy.conftest import SHARED
from tests.legacy.descent import check, sgd_step

PUBLISHED = {
    "mobilenet_v1 of TF1": SHARED / "mobilenet_v1_025_128" / "tf1_hub",
    "mobilenet_v1 of TF2": SHARED / "mobilenet_v1_025_128" / "saved_model",
}
SOURCES = {
    "tf1_hub": lambda directory: tiny_tf1_hub.averaging_module(directory),
    "saved_model": lambda directory: tiny_worlds.averaging_module(directory),
    "keras": lambda directory: tiny_worlds.keras_file(directory),
    "keras network": lambda directory: keras_network(directory),
    "builtin": lambda directory: "builtin:gradients",
    "several tasks": lambda directory: tiny_worlds.averaging_module(directory),
    **{name: lambda directory, path=path: str(path) for name, path in PUBLISHED.items()},
}


TASKS = ("label", "hair colour/类别")
OF_THE_CARD = "saved_model"
ANOTHER = "image_classification:hair_colour.17cba2f0"


def keras_network(directory: pathlib.Path) -> str:
    """A `.keras` file of convolutions, batch norm and an activation with a gradient function of its own."""
    layers = [
        keras.layers.Conv2D(4, 3, use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("silu"),
        keras.layers.DepthwiseConv2D(3, strides=2, depthwise_regularizer=keras.regularizers.L2(0.01)),
        keras.layers.GlobalAveragePooling2D(),
    ]
    directory.mkdir(parents=True)
    keras.Sequential([keras.Input((12, 10, 3)), *layers]).save(directory / "network.keras")
    return str(directory / "network.keras")


@pytest.fixture(scope="session")
def exported(run_legacy, tmp_path_factory):
    """By source: our module, its batches, what the old library found, by format. Trained one step before."""
    directory = tmp_path_factory.mktemp("exports")
    random = np.random.default_rng(0)
    modules, batches = {}, {}
    for name, make in SOURCES.items():
        if name in PUBLISHED and not PUBLISHED[name].is_dir():
            continue
        tasks = TASKS if name == "several tasks" else TASKS[:1]
        model = classifier(load_module(make(directory / "sources" / name)), tasks)
        images = random.random((3, 4, *model.image_size, 3), np.float32)
        sgd_step(model, images[2], IMAGE_CLASSIFICATION)
        model = tiny_worlds.with_familiarity(model)
        for kind in ("hub_module", "saved_model"):
            exporter(kind)(model, str(directory / name / kind))
        if name == OF_THE_CARD:
            pixels = random.integers(0, 256, (20, 30, 3), np.uint8)
            Image.fromarray(pixels).save(directory / name / "picture.png")
        modules[name], batches[name] = model, images[:2]
    np.savez(directory / "images.npz", **batches)
    run_legacy("consume_exports.py", str(directory))
    consumed = np.load(directory / "consumed.npz")
    found = {}
    for name in modules:
        figures = {
            kind: {
                key.removeprefix(f"{name}|{kind}|"): consumed[key]
                for key in consumed
                if key.startswith(f"{name}|{kind}|")
            }
            for kind in ("hub_module", "saved_model")
        }
        found[name] = (directory / name, modules[name], batches[name], figures)
    return found


@pytest.fixture(params=SOURCES)
def case(request, exported):
    if request.param not in exported:
        pytest.skip(f"{PUBLISHED[request.param]} is not there")
    small = ("tf1_hub", "saved_model", "keras", "several tasks")
    return *exported[request.param], request.param in small


def classifier(base: ImageModule, tasks: Sequence[str]) -> ImageClassifier:
    heads = {task: SoftmaxHead(["a", "b", "c"]) for task in tasks}
    model = ImageClassifier(base, heads, dropout_rate=0.5, train_base=True)
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    return model


def test_hub_module_in_inference(case):
    _, model, batches, figures, small = case
    found, tolerance = figures["hub_module"], 0 if small else 1e-5
    assert found["expected_image_size"].tolist() == list(model.image_size)
    assert found["num_image_channels"] == 3
    assert found["tags"].tolist() == ["", "train"]
    logits = model.outputs(batches[0], IMAGE_CLASSIFICATION)["default"]
    features = model.outputs(batches[0], IMAGE_FEATURE_VECTOR)["default"]
    scale = max(1.0, np.abs(logits).max())
    np.testing.assert_allclose(found["image_feature_vector/default"], features, rtol=0, atol=tolerance)
    for key in ("called", "default/default", "image_classification/default"):
        np.testing.assert_allclose(found[key], logits, rtol=0, atol=tolerance * scale)


def test_hub_module_learns(case):
    directory, _, batches, figures, small = case
    module = load_module(str(directory / "hub_module"))
    found = figures["hub_module"]
    check(sgd_step(module, batches[1], IMAGE_CLASSIFICATION), first_step(found, IMAGE_CLASSIFICATION), small)
    updates = sum(not variable.trainable for variable in module.variables)
    assert found[f"{IMAGE_CLASSIFICATION}|counts"].tolist() == [
        len(module.trainable_variables),
        len(module.regularization_losses),
        updates,
    ]


def first_step(found: dict[str, np.ndarray], signature: str) -> dict[str, np.ndarray]:
    start = f"{signature}|0/"
    return {key.removeprefix(start): value for key, value in found.items() if key.startswith(start)}


def test_familiarity(case):
    _, model, batches, figures, small = case
    expected = model.outputs(batches[0], "serving_default")["familiarity"]
    for found in (
        figures["hub_module"]["serving_default/familiarity"],
        figures["saved_model"]["served familiarity"],
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 if small else 5e-2)


def test_a_second_task_of_any_name(exported):
    directory, model, batches, figures = exported["several tasks"]
    served = model.outputs(batches[0], "serving_default")
    logits = model.outputs(batches[0], f"image_classification/{TASKS[1]}")["default"]
    found = figures["hub_module"]
    np.testing.assert_allclose(found[f"{ANOTHER}/default"], logits, atol=1e-6)
    for task in TASKS:
        np.testing.assert_allclose(found[f"serving_default/{task}"], served[task], atol=1e-6)
        np.testing.assert_allclose(figures["saved_model"][f"served {task}"], served[task], atol=1e-6)
    module = load_module(str(directory / "hub_module"))
    check(sgd_step(module, batches[1], ANOTHER), first_step(found, ANOTHER), small=True)


def test_the_code_of_a_model_card(exported):
    directory, model, _, figures = exported[OF_THE_CARD]
    image = load_image(tf.constant(str(directory / "picture.png")), model.image_size)
    expected = model.logits(model.base(image[None]))["label"].numpy()
    np.testing.assert_allclose(figures["hub_module"]["card"], expected, rtol=1e-4, atol=1e-5)


def test_saved_model(case):
    directory, model, batches, figures, small = case
    found = figures["saved_model"]
    tolerance = 1e-6 if small else 1e-5 * max(1.0, np.abs(found["inference"]).max())
    features = model.outputs(batches[0], IMAGE_FEATURE_VECTOR)["default"]
    np.testing.assert_allclose(found["features"], features, rtol=0, atol=tolerance)
    logits = model.outputs(batches[0], IMAGE_CLASSIFICATION)["default"]
    np.testing.assert_allclose(found["inference"], logits, rtol=0, atol=tolerance)
    module = load_module(str(directory / "saved_model"))
    assert found["counts"] == len(module.trainable_variables)
    step = sgd_step(module, batches[1], IMAGE_CLASSIFICATION)
    np.testing.assert_allclose(found["loss"], step["loss"], rtol=1e-5)
    after = module.outputs(batches[0], IMAGE_CLASSIFICATION)["default"]
    np.testing.assert_allclose(found["after"], after, rtol=0, atol=1e-4 * max(1.0, np.abs(after).max()))
