import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.signatures import DEFAULT_OUTPUT, SERVING_SIGNATURE
from tests import tiny_worlds

openvino = pytest.importorskip("openvino")


def test_inputs_and_outputs_have_their_names(loaded_module, tmp_path):
    from retrain.exporters.openvino import write

    heads = {"zebra": SoftmaxHead(["a", "b"]), "ape": SigmoidHead(["x"])}
    write(tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads)), str(tmp_path / "export"))
    model = openvino.Core().read_model(tmp_path / "export" / "model.xml")
    assert [of.get_names() for of in model.outputs] == [{"zebra"}, {"ape"}, {"familiarity"}]
    compiled = openvino.Core().compile_model(model, "CPU")
    found = compiled({"images": np.zeros([5, 8, 8, 3], np.float32)})
    assert found["ape"].tolist() == [[0.5]] * 5


def test_a_base_that_was_trained(averaging_module, tmp_path):
    from retrain.exporters.openvino import write

    module = load_module(averaging_module)
    classifier = ImageClassifier(module, {"zebra": SoftmaxHead(["a", "b"])})

    @tf.function
    def sensitivity(images):
        return tf.gradients(classifier.outputs(images, SERVING_SIGNATURE)[DEFAULT_OUTPUT], images)

    sensitivity(tf.zeros([2, 8, 8, 3]))
    write(classifier, str(tmp_path / "export"))
    assert openvino.Core().read_model(tmp_path / "export" / "model.xml").input().get_names() == {"images"}
