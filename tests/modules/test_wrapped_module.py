import numpy as np
import tensorflow as tf

from retrain.modules.loading import load_module
from retrain.modules.wrapped_module import WrappedModule

SAME = (
    *("handle", "fingerprint", "image_size", "num_features", "feature_output", "feature_pooling", "doubt"),
    *("spec", "variable_map", "variables", "trainable_variables"),
)


def test_it_is_the_module(averaging_module):
    module = load_module(averaging_module)
    wrapped = WrappedModule(module)
    for name in SAME:
        assert getattr(wrapped, name) == getattr(module, name), name
    assert dict(wrapped.signatures) == dict(module.signatures)
    assert len(wrapped.regularization_losses) == len(module.regularization_losses)
    assert wrapped.of_keras(None) is None
    images = tf.random.stateless_uniform([2, *module.image_size, 3], [0, 0])
    np.testing.assert_array_equal(wrapped(images), module(images))


def test_what_computes_something_else_is_known_by_another_fingerprint(averaging_module):
    assert WrappedModule(load_module(averaging_module), "abc").fingerprint == "abc"
