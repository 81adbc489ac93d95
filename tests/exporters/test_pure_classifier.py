import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters.pure_classifier import pure_classifier
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.graphs.graph_part import cut
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, image_signature
from tests import tiny_tf1_hub, tiny_worlds

IMAGES = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)


class Shifted(ImageModule):
    """Features: the mean RGB shifted by something that is no variable."""

    def __init__(self, shift):
        outputs = {"default": tf.TensorSpec([None, 3])}
        super().__init__("shifted", "0", {IMAGE_FEATURE_VECTOR: image_signature((8, 8), outputs)}, (8, 8))
        self._shift = shift

    def outputs(self, images, signature, training=False):
        return {"default": tf.reduce_mean(images, axis=[1, 2]) + self._shift()}


def classifier(base: ImageModule, **options) -> ImageClassifier:
    model = ImageClassifier(base, {"label": SoftmaxHead(["a", "b"])}, **options)
    model.kernels["label"].assign(tf.random.stateless_normal([base.num_features, 2], (1, 2)))
    return model


def run(model: ImageClassifier, training: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features and logits of the pure graph, fed with the values of the model's variables."""
    pure = pure_classifier(model, training)
    part = cut(pure.graph, [pure.images], [pure.features, *pure.logits.values()], "m")
    values = {name: variable.read_value() for name, variable in pure.variables.items()} | {
        pure.images: IMAGES
    }
    features, logits = tf.function(lambda: part({name: tf.constant(values[name]) for name in part.fed}))()
    return features.numpy(), logits.numpy()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", [tiny_tf1_hub.averaging_module, tiny_worlds.averaging_module])
def test_features_logits_and_updates(tmp_path, make, training):
    model = classifier(load_module(make(tmp_path / "m")), dropout_rate=0.9)
    features, logits = run(model, training)
    np.testing.assert_allclose(features, IMAGES.mean(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(logits, features @ model.kernels["label"].numpy(), rtol=1e-5)
    pure = pure_classifier(model, training)
    assert len(pure.penalties) == 1
    updated = {pure.variables[update.variable].name for update in pure.graph.updates.values()}
    assert updated == ({"average:0"} if training else set())


def test_outputs_do_not_wait_for_updates(tmp_path):
    pure = pure_classifier(classifier(load_module(tiny_tf1_hub.averaging_module(tmp_path / "m"))), True)
    assert pure.graph.updates_of([pure.features, *pure.logits.values(), *pure.penalties]) == []
    assert len(pure.graph.updates) == 1


def test_values_that_are_no_variables_become_constants():
    shift = tf.constant([1.0, 2.0, 3.0])
    features, _ = run(classifier(Shifted(lambda: shift)), training=False)
    np.testing.assert_allclose(features, IMAGES.mean(axis=(1, 2)) + shift, rtol=1e-6)


def test_gradient_functions_of_this_process_are_left_out(tmp_path):
    layers = [
        keras.layers.Conv2D(4, 3),
        keras.layers.Activation("silu"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    keras.Sequential([keras.Input((8, 8, 3)), *layers]).save(tmp_path / "m.keras")
    pure = pure_classifier(classifier(load_module(str(tmp_path / "m.keras"))), True)
    assert not any("_gradient_op_type" in node.attr for node in pure.graph.nodes.values())


def test_a_table_is_refused():
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2.0]), 0.0)
    with pytest.raises(InputError) as info:
        pure_classifier(classifier(Shifted(lambda: table.lookup(tf.constant(1)))), False)
    assert str(info.value) == (
        "'shifted' cannot be exported as a TF1 Hub module: it uses a resource that is no variable, such as a "
        "lookup table; leave the format 'hub_module' out."
    )
