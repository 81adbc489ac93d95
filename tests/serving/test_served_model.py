from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from retrain.data.decoded_pixels import UnusualImageError, pixels_of
from retrain.data.images import load_image
from retrain.data.no_image import NoImageError
from retrain.serving.served_model import ServedModel, ranked, workers
from retrain.settings.data import Decoding


def test_classes_are_ranked_by_their_scores():
    found = ranked(np.array([0.1, 0.7, 0.1, 0.1]), ["a", "b", "c", "d"], 3)
    assert found == (["b", "a", "c"], [0.7, 0.1, 0.1])


def test_what_is_known_of_an_export(served_exports):
    exports = served_exports["two"]
    model = ServedModel(str(exports / "saved_model"), str(exports / "tflite"))
    assert (model.image_size, model.threshold) == ((8, 8), None)
    assert model.decoding == Decoding("black", antialias=True)
    assert model.classes == {"kind": ("a", "b"), "tags": ("x", "y")}
    rows = model.rows([np.zeros([8, 8, 3], np.float32)] * 2)
    assert [{task: of.shape for task, of in model.probabilities(row).items()} for row in rows] == [
        {"kind": (2,), "tags": (2,)}
    ] * 2
    with pytest.raises(NoImageError):
        model.decoded(b"no image")


@pytest.mark.parametrize(
    ("pixels", "mode", "form"),
    [
        (np.linspace(0, 65535, 64).reshape([8, 8]).astype(np.uint16), None, "PNG"),
        (np.linspace(0, 255, 256).reshape([8, 8, 4]).astype(np.uint8), "CMYK", "JPEG"),
    ],
)
def test_what_only_tensorflow_decodes_is_as_in_training(served_exports, tmp_path, pixels, mode, form):
    exports, file = served_exports["two"], tmp_path / "unusual"
    Image.fromarray(pixels, mode).save(file, form)
    model = ServedModel(str(exports / "saved_model"), str(exports / "tflite"))
    with pytest.raises(UnusualImageError):
        pixels_of(file.read_bytes(), model.image_size, model.decoding)
    expected = load_image(str(file), model.image_size, model.decoding)
    np.testing.assert_allclose(model.decoded(file.read_bytes()), expected, atol=1e-6)


def test_and_what_it_refuses_is_no_image(served_exports, monkeypatch):
    exports = served_exports["two"]
    model = ServedModel(str(exports / "saved_model"), str(exports / "tflite"))
    monkeypatch.setattr("retrain.serving.served_model.pixels_of", Mock(side_effect=UnusualImageError("odd")))
    with pytest.raises(NoImageError, match="BMP"):
        model.decoded(b"BM" + bytes(60))


def test_there_are_workers():
    assert workers() >= 1
