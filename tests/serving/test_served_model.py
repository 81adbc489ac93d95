import numpy as np
import pytest

from retrain.data.no_image import NoImageError
from retrain.serving.served_model import ServedModel, ranked, workers


def test_classes_are_ranked_by_their_scores():
    found = ranked(np.array([0.1, 0.7, 0.1, 0.1]), ["a", "b", "c", "d"], 3)
    assert found == (["b", "a", "c"], [0.7, 0.1, 0.1])


def test_what_is_known_of_an_export(served_exports):
    exports = served_exports["two"]
    model = ServedModel(str(exports / "saved_model"), str(exports / "tflite"))
    assert (model.image_size, model.decoding.background, model.threshold) == ((8, 8), "black", None)
    assert model.classes == {"kind": ("a", "b"), "tags": ("x", "y")}
    rows = model.rows([np.zeros([8, 8, 3], np.float32)] * 2)
    assert [{task: of.shape for task, of in model.probabilities(row).items()} for row in rows] == [
        {"kind": (2,), "tags": (2,)}
    ] * 2
    with pytest.raises(NoImageError):
        model.decoded(b"no image")
    assert workers() >= 1
