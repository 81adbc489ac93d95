"""Code that a model card shows is run, with an export and a picture in the places that it names."""

import importlib.util
import pathlib
import re
import textwrap

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from retrain.data.images import load_image
from retrain.exporters import EXPORTERS, ExportOptions, answers_of, exporter
from retrain.exporters.consumers import decoding
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.settings.data import Decoding
from tests import tiny_worlds

HEIGHT, WIDTH = 8, 8
LIBRARIES = {"np": np, "tf": tf, "Image": Image, "ImageOps": ImageOps}


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> str:
    """Of another form than the input, with sharp edges, which antialiasing would blur."""
    # Of PNG: two decoders of JPEG differ by a grey level or so.
    path = tmp_path_factory.mktemp("picture") / "it's a picture.png"
    sharp = (np.random.default_rng(0).random((29, 53)) > 0.5)[:, :, None] * np.full(3, 255, np.uint8)
    Image.fromarray(sharp.astype(np.uint8)).resize((530, 290), Image.Resampling.NEAREST).save(path)
    return str(path)


def run(code: str, directory: str, picture: str, **names: object) -> dict[str, object]:
    """The names that the code has given something to."""
    code = code.replace("'PICTURE.jpg'", repr(picture)).replace('"PICTURE.jpg"', repr(picture))
    exec(code.replace("THIS_DIRECTORY", directory), names)
    return names


@pytest.mark.parametrize(("library", "tolerance"), [("TensorFlow", 1e-6), ("Pillow, NumPy", 5e-5)])
@pytest.mark.parametrize("antialias", [False, True])
def test_a_line_makes_the_pixels_that_training_saw(picture, library, tolerance, antialias):
    line = decoding(HEIGHT, 11, antialias)[library]
    found = run(f"image = {line}", "", picture, **LIBRARIES)["image"]
    expected = load_image(tf.constant(picture), (HEIGHT, 11), Decoding(antialias=antialias)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_pillow_as_usual_would_make_others(picture):
    """Which is why the line is as long as it is."""
    with Image.open(picture) as image:
        blurred = np.asarray(image.resize((11, HEIGHT), Image.Resampling.BILINEAR), np.float32) / 255
    assert np.abs(blurred - load_image(tf.constant(picture), (HEIGHT, 11)).numpy()).max() > 0.2


def blocks(directory: str) -> dict[str, str]:
    """By consumer the code in README.md."""
    text = pathlib.Path(directory, "README.md").read_text("utf-8")
    return dict(re.findall(r"^([\w ,.]+):\n\n```python\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE))


PACKAGES = {"MediaPipe": "mediapipe", "JAX": "jax"}  # they are tried where they are
CONSUMERS = {
    "saved_model": ["TensorFlow, of files", "TensorFlow", "Keras", "JAX", "retrain"],
    "hub_module": ["TensorFlow 2", "hub.Module", "retrain"],
    "tflite": ["LiteRT", "MediaPipe"],
    "tflite_float16": ["LiteRT", "MediaPipe"],
    "tflite_int8_weights": ["LiteRT", "MediaPipe"],
    "onnx": ["ONNX Runtime"],
    "openvino": ["OpenVINO"],
    "keras": ["Keras"],
    "frozen_graph": ["TensorFlow"],
}


@pytest.mark.parametrize("tasks", [1, 2])
@pytest.mark.parametrize("name", CONSUMERS)
def test_each_consumer_gets_the_same_probabilities(loaded_module, tmp_path, picture, name, tasks):
    heads = {"ki'nd": SoftmaxHead(["a", "b", "c"], temperature=0.5), "tags": SigmoidHead(["x", "y"])}
    model = ImageClassifier(loaded_module, dict([*heads.items()][:tasks]))
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    directory = str(tmp_path / name)
    exporter(name)(tiny_worlds.with_familiarity(model), directory)
    image = load_image(tf.constant(picture), model.image_size)
    expected = model.heads["ki'nd"].probabilities(model.logits(model.base(image[None]))["ki'nd"]).numpy()
    found = blocks(directory)
    assert list(found) == CONSUMERS[name]
    for consumer, code in found.items():
        lines = textwrap.dedent(code).splitlines()
        assert len([line for line in lines if not line.startswith("#")]) <= 8
        if consumer in PACKAGES and importlib.util.find_spec(PACKAGES[consumer]) is None:
            continue
        names = run(code, directory, picture)
        if "table" in names:
            [row] = names["table"].itertuples()
            assert row[2] == "abc"[expected.argmax()]
            continue
        if consumer == "MediaPipe":
            assert names["found"][0].category_name == "abc"[expected.argmax()]
            continue
        if "classes" in names:
            assert names["classes"][0, 0].decode() == "abc"[expected.argmax()]
            np.testing.assert_allclose(names["scores"][0], -np.sort(-expected[0]), rtol=1e-4)
            continue
        # Of weights in 16 bits three digits are left.
        exact = name != "tflite_float16"
        np.testing.assert_allclose(
            names["probabilities"], expected, rtol=1e-4 if exact else 2e-2, err_msg=consumer
        )


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_card_says_whether_bytes_are_refused_and_it_is_so(loaded_module, tmp_path, name):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    exporter(name)(model, str(tmp_path / "export"))
    text = (tmp_path / "export" / "README.md").read_text("utf-8")
    images = np.full([1, HEIGHT, WIDTH, 3], 255, np.float32)
    if (
        "**Values of 0 to 255 are taken without complaint, and give other classes: divide them by 255**"
        in text
    ):
        answers_of(name, str(tmp_path / "export"))(images)
        return
    assert "Values outside of [0, 1] by more than a grey level are refused" in text
    with pytest.raises(tf.errors.InvalidArgumentError, match="were expected"):
        answers_of(name, str(tmp_path / "export"))(images)


def test_code_for_a_file_that_keras_loads_alone(tmp_path, picture):
    model = ImageClassifier(load_module(tiny_worlds.keras_file(tmp_path)), {"label": SoftmaxHead(["a", "b"])})
    model.kernels["label"].assign(tf.random.stateless_normal(model.kernels["label"].shape, (1, 2)))
    exporter("keras")(model, str(tmp_path / "export"))
    [code] = blocks(str(tmp_path / "export")).values()
    assert "retrain" not in code
    image = load_image(tf.constant(picture), model.image_size)
    expected = model.outputs(image[None], "serving_default")["default"]
    found = run(code, str(tmp_path / "export"), picture)["probabilities"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_all_formats_have_consumers():
    assert {*CONSUMERS, "tflite_int8"} == {*EXPORTERS}


def test_code_for_pixels_names_the_signature_that_takes_them(loaded_module, tmp_path, picture):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    exporter("saved_model")(model, str(tmp_path / "export"), ExportOptions(takes_bytes=True))
    text = (tmp_path / "export" / "README.md").read_text("utf-8")
    assert "\ntensorflowjs_converter --input_format=tf_saved_model --signature_name=serving_images " in text
    code = blocks(str(tmp_path / "export"))["TensorFlow"]
    assert '.signatures["serving_images"](' in code
    assert run(code, str(tmp_path / "export"), picture)["probabilities"].tolist() == [[0.5, 0.5]]
