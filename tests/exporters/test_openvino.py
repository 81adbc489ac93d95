import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.signatures import DEFAULT_OUTPUT, SERVING_SIGNATURE
from tests import tiny_worlds

exporter = pytest.importorskip("retrain.exporters.openvino", exc_type=ModuleNotFoundError)
openvino = exporter.openvino


def test_nothing_is_told_to_intel():
    assert openvino.tools.ovc.telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub"


def test_inputs_and_outputs_have_their_names(loaded_module, tmp_path):
    heads = {"zebra": SoftmaxHead(["a", "b"]), "ape": SigmoidHead(["x"])}
    classifier = tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads))
    exporter.write(classifier, str(tmp_path / "export"))
    model = openvino.Core().read_model(tmp_path / "export" / "model.xml")
    assert [of.get_names() for of in model.outputs] == [{"zebra"}, {"ape"}, {"familiarity"}]
    compiled = openvino.Core().compile_model(model, "CPU")
    found = compiled({"images": np.zeros([5, 8, 8, 3], np.float32)})
    assert found["ape"].tolist() == [[0.5]] * 5


def test_a_base_that_was_trained(averaging_module, tmp_path):
    module = load_module(averaging_module)
    classifier = ImageClassifier(module, {"zebra": SoftmaxHead(["a", "b"])})

    @tf.function
    def sensitivity(images):
        return tf.gradients(classifier.outputs(images, SERVING_SIGNATURE)[DEFAULT_OUTPUT], images)

    sensitivity(tf.zeros([2, 8, 8, 3]))
    exporter.write(classifier, str(tmp_path / "export"))
    assert openvino.Core().read_model(tmp_path / "export" / "model.xml").input().get_names() == {"images"}


def test_convolutions_in_groups_which_keras_keeps_in_functions(tmp_path):
    images = keras.Input([8, 8, 3])
    groups = keras.layers.Conv2D(8, 3, groups=4, activation="gelu")(keras.layers.Conv2D(8, 3)(images))
    keras.Model(images, keras.layers.GlobalAveragePooling2D()(groups)).save(tmp_path / "m.keras")
    classifier = ImageClassifier(load_module(str(tmp_path / "m.keras")), {"zebra": SoftmaxHead(["a", "b"])})
    classifier.kernels["zebra"].assign(tf.random.stateless_normal([8, 2], (1, 2)))
    exporter.write(classifier, str(tmp_path / "export"))
    pixels = np.random.default_rng(0).random([3, 8, 8, 3], np.float32)
    expected = classifier.outputs(pixels, SERVING_SIGNATURE)[DEFAULT_OUTPUT]
    found = exporter.read(str(tmp_path / "export"))(pixels)[DEFAULT_OUTPUT]
    np.testing.assert_allclose(found, expected, atol=1e-5)
