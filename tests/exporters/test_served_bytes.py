"""The signature that takes files, of exports whose weights are known."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.images import load_image
from retrain.exporters.reusable_saved_model import write
from retrain.familiarity import FAMILIARITY
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.settings.data import Decoding
from tests import tiny_worlds

DECODING = Decoding("black", antialias=True)
MANY = [f"class {index}" for index in range(12)]


def classifier(module, **heads):
    model = ImageClassifier(module, heads, decoding=DECODING)
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    return model


@pytest.fixture
def files(tmp_path) -> list[str]:
    """A JPEG, a PNG that is half clear, a small GIF, and a BMP of a palette."""
    random = np.random.default_rng(0)
    clear = Image.fromarray(random.integers(0, 256, [9, 14, 4], np.uint8))
    images = {"a.jpg": Image.new("RGB", (20, 10), "red"), "b.png": clear, "c.gif": Image.new("L", (3, 3), 99)}
    images["d.bmp"] = clear.convert("RGB").quantize(9)
    for name, image in images.items():
        image.save(tmp_path / name)
    return [str(tmp_path / name) for name in images]


def served(model, directory, files):
    write(model, str(directory / "export"))
    contents = tf.constant([pathlib.Path(file).read_bytes() for file in files])
    outputs = tf.saved_model.load(str(directory / "export")).signatures["serving_bytes"](image_bytes=contents)
    return {key: value.numpy() for key, value in outputs.items()}


def expected(model, files) -> dict[str, np.ndarray]:
    images = tf.stack([load_image(tf.constant(file), model.image_size, DECODING) for file in files])
    return {key: value.numpy() for key, value in model.outputs(images, "serving_default").items()}


def test_classes_come_from_the_most_probable_on(loaded_module, tmp_path, files):
    model = tiny_worlds.with_familiarity(classifier(loaded_module, label=SoftmaxHead(MANY)))
    found, probabilities = served(model, tmp_path, files), expected(model, files)
    assert set(found) == {"classes", "scores", FAMILIARITY}
    order = np.argsort(-probabilities["default"], axis=1)[:, :10]
    assert found["classes"].tolist() == [[MANY[index].encode() for index in row] for row in order]
    by_rank = np.take_along_axis(probabilities["default"], order, axis=1)
    np.testing.assert_allclose(found["scores"], by_rank, atol=1e-5)
    np.testing.assert_allclose(found[FAMILIARITY], probabilities[FAMILIARITY], atol=2e-3)


def test_of_several_tasks_each_has_its_own(loaded_module, tmp_path, files):
    model = classifier(loaded_module, kind=SoftmaxHead(["cat", "Hündin"]), tags=SigmoidHead(["wet"]))
    found, probabilities = served(model, tmp_path, files), expected(model, files)
    assert set(found) == {"classes/kind", "scores/kind", "classes/tags", "scores/tags"}
    assert found["classes/tags"].tolist() == [[b"wet"]] * 4
    np.testing.assert_allclose(found["scores/tags"], probabilities["tags"], atol=1e-5)
    assert {name.decode() for name in found["classes/kind"].ravel()} == {"cat", "Hündin"}
    np.testing.assert_allclose(found["scores/kind"].sum(axis=1), 1, atol=1e-6)


def test_one_file_that_is_no_image_is_refused(loaded_module, tmp_path, files):
    (tmp_path / "c.gif").write_bytes(b"no image")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        served(classifier(loaded_module, label=SoftmaxHead(["a", "b"])), tmp_path, files)
