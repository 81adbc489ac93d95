import numpy as np
import pytest
import tensorflow as tf

from retrain.exporters import exporter
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR
from retrain.modules.traced_module import TracedModule
from retrain.modules.wrapped_module import WrappedModule
from tests.contracts.example_modules import KINDS


class Counted(WrappedModule):
    """Notes in `calls` how many images it was asked for, None for any number, and whether in training."""

    def __init__(self, module):
        super().__init__(module)
        calls = []
        self.calls = lambda: calls

    def outputs(self, images, signature, training=False):
        self.calls().append((images.shape[0], training))
        return super().outputs(images, signature, training)


@pytest.fixture
def module(tmp_path) -> Counted:
    return Counted(load_module(KINDS["keras_file"].make(tmp_path / "module", 1.0)))


def images_for(module, count: int) -> tf.Tensor:
    return tf.random.stateless_uniform([count, *module.image_size, 3], [0, 0])


def test_the_features_are_those_of_the_module_which_is_traced_once(module):
    traced = TracedModule(module)
    for count in (2, 3):
        images = images_for(module, count)
        np.testing.assert_allclose(traced(images), module.module(images), rtol=1e-5)
        assert [*traced.outputs(images, IMAGE_FEATURE_VECTOR)] == [DEFAULT_OUTPUT]
    assert module.calls() == [(None, False)]


def test_training_is_traced_apart_and_changes_what_it_changes(module):
    before = [variable.numpy() for variable in module.variables]
    TracedModule(module)(images_for(module, 4) + 1.0, training=True)
    assert module.calls() == [(None, True)]
    changed = [(old != new.numpy()).any() for old, new in zip(before, module.variables, strict=True)]
    assert any(changed)


def test_gradients_reach_its_variables(module):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(TracedModule(module)(images_for(module, 2)))
    assert any(gradient is not None for gradient in tape.gradient(loss, list(module.trainable_variables)))


def test_a_graph_for_a_number_of_images_is_the_modules_own(module):
    traced = TracedModule(module)
    tf.function(traced.__call__).get_concrete_function(tf.TensorSpec([1, *module.image_size, 3]))
    assert module.calls() == [(1, False)]


def test_three_exports_trace_a_network_three_times(module, tmp_path):
    model = ImageClassifier(module, {"kind": ["a", "b"]}).traced()
    model.outputs(images_for(module, 2), IMAGE_FEATURE_VECTOR)
    for name in ("saved_model", "hub_module", "tflite"):
        exporter(name)(model, str(tmp_path / name))
    assert sorted(module.calls(), key=str) == [(1, False), (None, False), (None, True)]
