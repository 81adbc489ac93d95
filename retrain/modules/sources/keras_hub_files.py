"""What the files of a preset say of it, where KerasHub does not.

Its image converter says which pixels the network was trained on, for KerasHub's own presets and for timm's
checkpoints. Of most checkpoints of transformers, KerasHub 0.32 takes the network alone; their
preprocessor_config.json says it.
"""

import json
from typing import Any, NamedTuple

import numpy as np
from keras_hub.src.utils.preset_utils import (
    get_file,
)  # the extra `keras_hub`; what from_preset reads files by

from retrain.errors import InputError

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"


class Pixels(NamedTuple):
    """What becomes of images in [0, 1], image * scale + offset: float32, one or for each channel."""

    scale: np.ndarray
    offset: np.ndarray


def pixels_of(converter: Any, preset: str, handle: str) -> Pixels:
    """Those of the image converter; where there is none (None), of the preprocessor's file."""
    if converter is None:
        return _of_preprocessor(_read(preset, PREPROCESSOR), handle)
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    return Pixels(255.0 * np.asarray(scale, np.float32), np.asarray(offset, np.float32))


def is_checkpoint(preset: str) -> bool:
    """Whether it is one of timm or transformers, which KerasHub converts or does not."""
    config = _read(preset, CONFIG)
    return bool(config) and "registered_name" not in config


def _of_preprocessor(config: dict[str, Any], handle: str) -> Pixels:
    """As transformers 5.24 reads it: image_processing_backends.py."""
    scale = 255.0 * config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 255.0
    try:
        of = (config["image_mean"], config["image_std"]) if config.get("do_normalize", True) else (0.0, 1.0)
        mean, std = np.asarray(of, np.float32)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{handle!r} does not say which pixels its network was trained on: beside its {CONFIG} belongs "
            f"the {PREPROCESSOR} of its publisher, with image_mean and image_std."
        ) from error
    return Pixels(np.float32(scale) / std, -mean / std)


def _read(preset: str, name: str) -> dict[str, Any]:
    """Empty where the preset has no such file."""
    try:
        with open(get_file(preset, name), encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
