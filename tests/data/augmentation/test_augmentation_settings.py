"""Every field of the settings has an effect on training images, whatever fields there are."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.augment import augmented_inputs, decoded_size
from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.levels import LEVELS, filled
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.field import about, kind

SIZE = (10, 14)
FIELDS = {field.name: field for field in dataclasses.fields(AugmentationSettings) if field.name != "augment"}
NEEDED = {"rand_augment_magnitude": {"rand_augment": 14}}


def batch(settings: AugmentationSettings, level: str = "none") -> dict[str, np.ndarray]:
    augmentation = filled(settings, level)
    smooth = np.random.default_rng(0).integers(0, 256, (16, 4, 4, 3))
    decoded = tf.cast(tf.image.resize(smooth, decoded_size(SIZE, augmentation)), tf.uint8)
    inputs = augmented_inputs(decoded, augmentation, SIZE, Draw(1, 2))
    return {name: value.numpy() for name, value in inputs.items()}


def some(field: dataclasses.Field) -> bool | int | float:
    """A value that is neither off nor at a bound."""
    if kind(field) is bool:
        return True
    bounds = about(field).bounds
    return kind(field)((bounds.high or bounds.below or 2.0) / 2)


@pytest.mark.parametrize("name", FIELDS)
def test_a_strength_changes_the_images(name):
    others = NEEDED.get(name, {})
    changed = batch(AugmentationSettings(**{name: some(FIELDS[name])}, **others))
    plain = batch(AugmentationSettings(**others))
    assert np.abs(changed["images"] - plain["images"]).max() > 0.01


def test_the_level_chooses_among_images_of_which_all_differ():
    by_level = [batch(AugmentationSettings(), level)["images"] for level in LEVELS]
    for number, one in enumerate(by_level):
        assert all(np.abs(one - other).max() > 0.01 for other in by_level[:number])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", FIELDS)
def test_a_strength_that_is_given_as_off_is_off_in_every_level(name, level):
    off = filled(AugmentationSettings(**{name: kind(FIELDS[name])()}), level)
    assert getattr(off, name) == 0
