import json

import h5py
import keras
import numpy as np
import pytest
import tf_keras
from keras import layers

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.sources.keras_hdf5 import CONFIG, VERSION, is_of_keras_3, read_hdf5
from retrain.modules.sources.keras_model import IN_KERAS

IMAGES = np.random.default_rng(0).random([2, 8, 8, 3], np.float32)


def as_keras_2_wrote(path, change=lambda of_layer: None) -> keras.Model:
    """A model in the form of Keras 2.15, and the same of today."""
    inputs = keras.Input((8, 8, 3))
    outputs = layers.BatchNormalization(name="norm")(layers.DepthwiseConv2D(3, name="conv")(inputs))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(outputs))
    for variable in model.variables:
        variable.assign(np.random.default_rng(1).random(variable.shape))
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs[CONFIG])
        for of_layer in config["config"]["layers"]:
            if of_layer["class_name"] == "DepthwiseConv2D":
                of_layer["config"]["groups"] = 1
            if of_layer["class_name"] == "BatchNormalization":
                of_layer["config"]["axis"] = [3]
            change(of_layer)
        file.attrs[CONFIG], file.attrs[VERSION] = json.dumps(config), "2.15.0"
    return model


def test_it_computes_what_it_computed(tmp_path):
    model = as_keras_2_wrote(tmp_path / "net.h5")
    before = (tmp_path / "net.h5").read_bytes()
    np.testing.assert_array_equal(read_hdf5(str(tmp_path / "net.h5"))(IMAGES), model(IMAGES))
    module = load_module(str(tmp_path / "net.h5"))
    np.testing.assert_allclose(module(IMAGES), model(IMAGES), rtol=1e-5)
    assert len(module.trainable_variables) == 4
    assert (tmp_path / "net.h5").read_bytes() == before


def test_a_layer_of_the_users_own(tmp_path):
    def change(of_layer):
        of_layer["class_name"] = {"DepthwiseConv2D": "OurConv"}.get(*[of_layer["class_name"]] * 2)

    as_keras_2_wrote(tmp_path / "net.h5", change)
    reason, _ = refusal(str(tmp_path / "net.h5"))
    assert reason == "Unknown layer: 'OurConv'"


class OurLayer(layers.Layer):
    def call(self, images):
        return images


# Keras 3 says that the form is legacy.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_keras_3_wrote_is_not_for_keras_2(tmp_path):
    file = str(tmp_path / "net.h5")
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, layers.GlobalAveragePooling2D()(OurLayer()(inputs))).save(file)
    with pytest.raises(InputError) as info:
        load_module(file)
    assert str(info.value).endswith(f"(Unknown layer: 'OurLayer'): {IN_KERAS}.")


def test_whose_a_file_is(tmp_path):
    as_keras_2_wrote(tmp_path / "net.h5")
    assert not is_of_keras_3(str(tmp_path / "net.h5"))
    (tmp_path / "text.h5").write_text("no file of HDF5")
    assert not is_of_keras_3(str(tmp_path / "text.h5"))


# Of Keras 2 itself, on writing a file of its own form.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_keras_2_turns_what_is_not_read_into_a_module(tmp_path):
    """As Teachable Machine has it: models inside a Sequential one."""
    file = str(tmp_path / "keras_model.h5")
    inputs = tf_keras.Input((8, 8, 3))
    network = tf_keras.Model(inputs, tf_keras.layers.GlobalAveragePooling2D()(inputs))
    model = tf_keras.Sequential([tf_keras.Sequential([network]), tf_keras.layers.Dense(4)])
    expected = model(IMAGES)
    model.save(file)
    _, command = refusal(file)
    exec(command, {})
    np.testing.assert_allclose(load_module(str(tmp_path / "keras_model"))(IMAGES), expected, rtol=1e-5)


def refusal(file: str) -> tuple[str, str]:
    """What Keras says, and the program that makes a module of the file."""
    with pytest.raises(InputError) as info:
        load_module(file)
    program = (
        f"import tf_keras; tf_keras.models.load_model({file!r}, compile=False)"
        f".save({file.removesuffix('.h5')!r})"
    )
    start = f"{file!r} cannot be loaded by Keras {keras.__version__} ("
    end = (
        f'): Keras 2, which is here as tf_keras, makes a SavedModel of it, python -c "{program}": give that '
        f"directory; where layers of its own are known, model.export makes it."
    )
    said = str(info.value)
    assert (said[: len(start)], said[-len(end) :]) == (start, end)
    return said[len(start) : -len(end)], program
