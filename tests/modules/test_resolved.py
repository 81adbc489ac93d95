"""What programs ask of tensorflow_hub beside hub.Module, by its names."""

import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from tests import tiny_tf1_hub, tiny_worlds

BATCH = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = BATCH.mean(axis=(1, 2))


def test_load(tmp_path):
    loaded = hub.load(tiny_worlds.averaging_module(tmp_path / "m"))
    np.testing.assert_allclose(loaded(BATCH), MEANS, rtol=1e-6)


def test_load_with_options(tmp_path, monkeypatch):
    options = tf.saved_model.LoadOptions(experimental_skip_checkpoint=True)
    handle, given = tiny_worlds.averaging_module(tmp_path / "m"), []
    monkeypatch.setattr(tf.saved_model, "load", lambda *arguments: given.append(arguments))
    hub.load(handle, options=options)
    assert given == [(handle, None, options)]


def test_load_of_a_tf1_hub_module(tmp_path):
    loaded = hub.load(tiny_tf1_hub.averaging_module(tmp_path / "m", use_resource=True))
    found = loaded.signatures["default"](images=BATCH)["default"]
    np.testing.assert_allclose(found, MEANS, rtol=1e-6)


def test_resolve(tmp_path):
    path = tiny_worlds.averaging_module(tmp_path / "m")
    assert hub.resolve(path) == path


def test_resolve_what_is_no_directory():
    with pytest.raises(InputError) as info:
        hub.resolve("builtin:gradients")
    assert str(info.value) == (
        "'builtin:gradients' is no directory of a SavedModel, which hub.resolve and hub.load are for; "
        "hub.Module takes modules of every source."
    )


def test_keras_layer():
    with pytest.raises(InputError) as info:
        hub.KerasLayer("m", trainable=True)
    assert str(info.value) == (
        "hub.KerasLayer is a layer of Keras 2; in Keras 3 ModuleLayer stands in its place: from "
        "retrain.keras import ModuleLayer; ModuleLayer('m', trainable=True)."
    )
