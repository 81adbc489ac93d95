"""Keras models in HDF5 files, as Keras 2 wrote them, read by Keras 3 where what it no longer takes is mended.

Seen of models of keras.applications that Keras 2.15 wrote: their outputs are equal, to the last bit. What it
does not read all the same is a model inside a Sequential one.
"""

import json
import os
import shutil
import tempfile
import warnings
from typing import Any

import h5py
import keras

CONFIG, VERSION = "model_config", "keras_version"


def read_hdf5(location: str) -> keras.Model:
    """The model in the file; errors are those of keras.models.load_model."""
    with tempfile.TemporaryDirectory() as directory:
        copied = shutil.copyfile(location, os.path.join(directory, "model.h5"))
        with h5py.File(copied, "r+") as file:
            file.attrs[CONFIG] = json.dumps(_of_today(json.loads(file.attrs[CONFIG])))
        with warnings.catch_warnings():
            # Advice to whoever writes models.
            warnings.simplefilter("ignore", UserWarning)
            return keras.models.load_model(copied, compile=False)


def is_of_keras_3(location: str) -> bool:
    """Whether the file says so; Keras 2 does not read it then."""
    try:
        with h5py.File(location, "r") as file:
            version = file.attrs[VERSION]
    except (OSError, KeyError):
        return False
    return int(str(version).partition(".")[0]) >= 3


def _of_today(config: Any) -> Any:
    """The configuration of a layer, of those in it, or a part of one."""
    if isinstance(config, list):
        return [_of_today(part) for part in config]
    if not isinstance(config, dict):
        return config
    config = {key: _of_today(part) for key, part in config.items()}
    name, of_layer = config.get("class_name"), config.get("config")
    if name == "DepthwiseConv2D":
        of_layer.pop("groups", None)  # always 1
    if name == "BatchNormalization" and isinstance(of_layer.get("axis"), list):
        [of_layer["axis"]] = of_layer["axis"]
    return config
