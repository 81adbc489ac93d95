"""Levels of augmentation by name, and the strengths of a run: those of a level, but those that the user gave.

How much an image gets is drawn evenly up to a strength. That each draw is a function of (seed, step, position
in the batch) alone, and what becomes of it, is for `retrain.data.augmentation.augment`.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.field import kind

MAGNITUDE = 7.0  # of RandAugment, where only its operations are given

_OFF = {field.name: kind(field)() for field in dataclasses.fields(AugmentationSettings)}
_LIGHT = {"flip_left_right": True, "random_resized_crop": 70.0, "random_brightness": 10.0}
_MEDIUM = {
    "flip_left_right": True,
    "random_resized_crop": 50.0,
    "random_brightness": 20.0,
    "random_contrast": 20.0,
    "random_saturation": 20.0,
}
_STRONG = {
    **_MEDIUM,
    "random_resized_crop": 35.0,
    "rand_augment": 2,
    "rand_augment_magnitude": MAGNITUDE,
    "mixup": 0.2,
    "cutmix": 1.0,
}
# What make_image_classifier does with --do_data_augmentation, with degrees that are degrees.
_CLASSIC = {
    "flip_left_right": True,
    "rotation_range": 40.0,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "zoom_range": 0.2,
}


def _level(name: str, strengths: Mapping[str, Any]) -> AugmentationSettings:
    return AugmentationSettings(**{**_OFF, **strengths, "augment": name})


NONE = _level("none", {})
LEVELS: Mapping[str, AugmentationSettings] = MappingProxyType(
    {
        "none": NONE,
        "light": _level("light", _LIGHT),
        "medium": _level("medium", _MEDIUM),
        "strong": _level("strong", _STRONG),
        "classic": _level("classic", _CLASSIC),
    }
)


def filled(settings: AugmentationSettings, level: str) -> AugmentationSettings:
    """The settings with all values: the strengths of the level where they have none."""
    given = {name: value for name, value in settings.strengths.items() if value is not None}
    chosen = dataclasses.replace(LEVELS[level], **given)
    magnitude = chosen.rand_augment_magnitude
    if settings.rand_augment_magnitude is None:
        magnitude = magnitude or MAGNITUDE
    return dataclasses.replace(chosen, rand_augment_magnitude=magnitude if chosen.rand_augment else 0.0)
