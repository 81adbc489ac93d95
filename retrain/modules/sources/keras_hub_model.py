"""A backbone of KerasHub as an image module, behind its own preprocessing.

The preset's image converter says for which size and which pixels it was trained: images in [0, 1] become
255 * image * scale + offset. Features are the backbone's last output, pooled where it has several vectors.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import keras_hub  # the extra `keras_hub`
import numpy as np

from retrain.errors import InputError
from retrain.modules.image_module import expected_image_size
from retrain.modules.sources.keras_features import feature_model
from retrain.modules.sources.keras_model import (
    KerasModule,
    check_is_eager,
    fingerprint_of,
    reason_of,
    weights_of,
)
from retrain.settings.module import ModuleSettings

PREFIX = "keras_hub:"


def load(location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False) -> KerasModule:
    """Builds the backbone, and loads its weights."""
    check_is_eager(handle)
    backbone, converter = _from_preset(location.removeprefix(PREFIX), handle, bfloat16)
    scale = 255.0 * np.asarray(1.0 if converter.scale is None else converter.scale, np.float32)
    offset = np.asarray(0.0 if converter.offset is None else converter.offset, np.float32)
    taken = [tuple(backbone.inputs[0].shape[1:3])]
    if None in taken[0] and converter.image_size:
        taken.append(tuple(converter.image_size))
    return KerasModule(
        handle,
        fingerprint=fingerprint_of(settings, scale.tolist(), offset.tolist(), *weights_of(backbone)),
        model=feature_model(backbone, settings, handle),
        preprocess=lambda images: images * scale + offset,
        image_size=expected_image_size(handle, taken, settings.image_size),
    )


def _from_preset(preset: str, handle: str, bfloat16: bool) -> tuple[keras.Model, Any]:
    """The backbone of images, and its image converter."""
    with _explained(handle, keras_hub.__version__):
        converter = keras_hub.layers.ImageConverter.from_preset(preset)
        dtype = "mixed_bfloat16" if bfloat16 else "float32"
        backbone = keras_hub.models.Backbone.from_preset(preset, dtype=dtype)
    # That of CLIP and its like has a second tower, for text.
    backbone = getattr(backbone, "vision_encoder", backbone)
    if len(backbone.inputs) != 1:
        names = ", ".join(tensor.name for tensor in backbone.inputs)
        raise InputError(f"{handle!r} takes {names}, and an image module takes images alone: use another.")
    return backbone, converter


@contextlib.contextmanager
def _explained(handle: str, version: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{handle!r} cannot be loaded by KerasHub {version} ({reason_of(error)}): give the preset of an "
            f"image model, whole, with its image converter."
        ) from error
