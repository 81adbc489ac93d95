"""An image module whose network was trained on pixels of another range than [0, 1]: `--module_input_range`.

What it is given is what every module is given, images in [0, 1]; what its network sees is
(low + (high - low) * images - mean) / std, with one mean and std for each channel. Whoever exports it exports
the scaling with it.
"""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.image_module import ImageModule
from retrain.modules.inspection.input_range import refuses_bright
from retrain.modules.sources.source import INPUT
from retrain.modules.wrapped_module import WrappedModule
from retrain.settings.module import ModuleSettings

if TYPE_CHECKING:  # which takes a while to import
    import keras


class ScaledModule(WrappedModule):
    """The module, with a scaling before it that has no variables."""

    def __init__(self, module: ImageModule, settings: ModuleSettings):
        content = f"{module.fingerprint} {_said(settings)}"
        super().__init__(module, hashlib.sha256(content.encode()).hexdigest())
        self._settings = settings

    def says(self, name: str) -> bool:
        """Whether this of its settings is another than that of images in [0, 1]."""
        return getattr(self._settings, name) != getattr(ModuleSettings(), name)

    def of_keras(self, images: "keras.KerasTensor") -> "keras.KerasTensor | None":
        return self.module.of_keras(_seen(images, self._settings))

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        return self.module.outputs(scaled_images(images, self._settings), signature, training)


def scaled(module: ImageModule, settings: ModuleSettings) -> ImageModule:
    """The module behind the scaling that the settings ask for; itself where they ask for none.

    InputError for one whose own graph refuses pixels of another range, as exports of retrain do.
    """
    if _said(settings) == _said(ModuleSettings()):
        return module
    if refuses_bright(module):
        said = " and ".join(
            f"--{name}"
            for name in sorted(INPUT)
            if getattr(settings, name) != getattr(ModuleSettings(), name)
        )
        raise InputError(
            f"{module.handle!r} takes pixels in [0, 1], and refuses others itself, as classifiers that "
            f"retrain exports do: leave {said} out."
        )
    return ScaledModule(module, settings)


def scaled_images(images: tf.Tensor, settings: ModuleSettings) -> tf.Tensor:
    """Images in [0, 1] -> what the network is to see."""
    return _seen(tf.convert_to_tensor(images, tf.float32), settings)


def _seen(images: Any, settings: ModuleSettings) -> Any:
    low, high = settings.module_input_range
    mean = np.asarray(settings.module_input_mean or 0.0, np.float32)
    std = np.asarray(settings.module_input_std or 1.0, np.float32)
    return (low + (high - low) * images - mean) / std


def _said(settings: ModuleSettings) -> tuple[object, ...]:
    return settings.module_input_range, settings.module_input_mean, settings.module_input_std
