import inspect

import numpy as np
import pytest
import tensorflow as tf

import retrain
from retrain import InputError
from tests import tiny_worlds


def test_a_module_gives_features(averaging_module):
    module = retrain.load_module(averaging_module)
    images = tf.fill([2, *module.image_size, 3], 0.25)
    np.testing.assert_allclose(module(images), np.full([2, module.num_features], 0.25))


def test_settings_are_keywords_and_so_errors_say(tmp_path):
    module = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    assert retrain.load_module(module, image_size=16).image_size == (16, 16)
    with pytest.raises(InputError) as raised:
        retrain.load_module(module)
    assert "say with image_size= which to give it" in str(raised.value)
    assert "image_size" in inspect.signature(retrain.load_module).parameters


def test_what_is_no_module():
    with pytest.raises(InputError, match=r"^'gone' does not exist; a module handle is "):
        retrain.load_module("gone")
