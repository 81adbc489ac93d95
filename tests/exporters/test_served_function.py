import numpy as np
import pytest
import tensorflow as tf

from retrain.exporters.served_function import served_function
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds

PIXELS = np.random.default_rng(0).random([2, 8, 8, 3], np.float32)


@pytest.fixture
def model(loaded_module) -> ImageClassifier:
    heads = {"zebra": SoftmaxHead(["a", "b"]), "ape": SigmoidHead(["x"])}
    return tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads))


def test_outputs_are_in_the_order_of_tasks(model):
    served = served_function(model)
    assert served.keys == ("zebra", "ape", "familiarity")
    found, expected = served.function(tf.constant(PIXELS)), model.outputs(PIXELS, "serving_default")
    for key, values in zip(served.keys, found, strict=True):
        np.testing.assert_allclose(values, expected[key], atol=1e-6)
    assert served.no_signatures(model) == {"zebra": "", "ape": "", "familiarity": ""}


def test_of_a_fixed_batch_without_familiarity(model):
    served = served_function(model, 1, tells_familiarity=False)
    assert served.keys == ("zebra", "ape")
    assert [output.shape.as_list() for output in served.function.outputs] == [[1, 2], [1, 1]]
    assert "familiarity" not in served.no_signatures(model)
