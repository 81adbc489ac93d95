import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import MODULES, exporter, restored
from retrain.exporters.restored import restored_classifier
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.settings.data import Decoding
from tests import tiny_worlds

PIXELS = np.random.default_rng(0).random([3, 8, 8, 3], np.float32)


@pytest.fixture
def model(loaded_module) -> ImageClassifier:
    heads = {
        "kind": SoftmaxHead(["a", "b"], temperature=2.0),
        "tags": SigmoidHead(["x", "y", "z"], thresholds=[0.1, 0.2, 0.3]),
    }
    made = ImageClassifier(loaded_module, heads, decoding=Decoding("#808080", antialias=True))
    for kernel in made.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    return tiny_worlds.with_familiarity(made)


@pytest.mark.parametrize("name", MODULES)
def test_it_is_the_classifier_that_was_exported(model, name, tmp_path):
    exporter(name)(model, str(tmp_path / "export"))
    again = restored_classifier(str(tmp_path / "export"))
    assert again.decoding == Decoding("#808080", antialias=True)
    assert again.heads["tags"].thresholds.tolist() == [0.1, 0.2, 0.3]
    expected, found = (of.outputs(PIXELS, "serving_default") for of in (model, again))
    assert set(found) == set(expected) == {"kind", "tags", "familiarity"}
    for key in found:
        np.testing.assert_allclose(found[key], expected[key], atol=1e-5)


def test_layers_that_are_not_found(model, tmp_path, monkeypatch):
    exporter("saved_model")(model, str(tmp_path / "export"))
    monkeypatch.setattr(restored, "find_publisher_head", lambda *given: None)
    with pytest.raises(InputError) as info:
        restored_classifier(str(tmp_path / "export"))
    assert str(info.value) == (
        f"{str(tmp_path / 'export')!r} cannot be exported again: the layer that gives the logits of 'kind' "
        f"is not found in it; train the classifier again."
    )
