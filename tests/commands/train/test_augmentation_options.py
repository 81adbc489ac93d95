import dataclasses

import pytest

from retrain.commands.train.augmentation_options import (
    PERCENTAGES,
    SAME,
    augmentation_options,
)
from retrain.data.augmentation.levels import LEVELS, Augmentation
from retrain.settings.augmentation import LEVELS as LEVEL_NAMES
from retrain.settings.augmentation import AugmentationSettings
from retrain.settings.config import Config


def test_every_level_can_be_named():
    assert (*LEVELS, "auto") == LEVEL_NAMES


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_alone(level):
    assert augmentation_options(Config.of(), level) == LEVELS[level]


def test_every_setting_sets_one_strength():
    names = {field.name for field in dataclasses.fields(AugmentationSettings)}
    assert names == {*PERCENTAGES, *SAME, "augment", "rand_augment", "rand_augment_magnitude"}
    assert sorted([*PERCENTAGES.values(), *SAME.values(), "rand_augment"]) == sorted(Augmentation._fields)


def test_flags_with_the_units_of_the_predecessors():
    config = Config.of(random_crop=10.0, random_scale=20.0, random_brightness=30.0, rotation_range=40.0)
    assert augmentation_options(config, "none") == Augmentation(
        crop=0.1, scale=0.2, brightness=0.3, rotation=40.0
    )
    config = Config.of(width_shift_range=0.2, height_shift_range=0.3, zoom_range=0.1, shear_range=5.0)
    assert augmentation_options(config, "none") == Augmentation(
        width_shift=0.2, height_shift=0.3, zoom=0.1, shear=5.0
    )


def test_a_flag_replaces_one_strength_of_the_level():
    config = Config.of(flip_left_right=False, random_resized_crop=80.0, mixup=0.0)
    expected = LEVELS["strong"]._replace(flip_left_right=False, resized_crop=0.8, mixup=0.0)
    assert augmentation_options(config, "strong") == expected


@pytest.mark.parametrize(
    ("config", "level", "expected"),
    [
        (Config.of(rand_augment=2), "none", (2, 7.0)),
        (Config.of(rand_augment=3), "strong", (3, 7.0)),
        (Config.of(rand_augment=1, rand_augment_magnitude=0.0), "none", (1, 0.0)),
        (Config.of(rand_augment_magnitude=9.0), "strong", (2, 9.0)),
        (Config.of(rand_augment=0), "strong", (0, 0.0)),
    ],
)
def test_operations_and_magnitude_of_rand_augment(config, level, expected):
    assert augmentation_options(config, level).rand_augment == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config.of(), False),
        (Config.of(augment="none"), False),
        (Config.of(augment="auto"), True),
        (Config.of(rotation_range=5.0), True),
        (Config.of(flip_left_right=False, mixup=0.0, rand_augment=0), False),
    ],
)
def test_whether_augmentation_was_asked_for(config, expected):
    assert config.augments is expected
