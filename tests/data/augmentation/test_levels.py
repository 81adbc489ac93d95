import dataclasses

import pytest

from retrain.data.augmentation.levels import LEVELS, NONE, filled
from retrain.settings.augmentation import LEVELS as LEVEL_NAMES
from retrain.settings.augmentation import AugmentationSettings

Settings = AugmentationSettings


def test_every_level_can_be_named_and_knows_its_name():
    assert (*LEVELS, "auto") == LEVEL_NAMES
    assert {name: level.augment for name, level in LEVELS.items()} == {name: name for name in LEVELS}


def test_none_is_off():
    assert LEVELS["none"] is NONE
    assert not NONE.changes_images
    assert not NONE.augments


def test_every_level_has_all_strengths_and_does_all_that_the_one_before_does():
    assert all(None not in level.strengths.values() for level in LEVELS.values())
    levels = [LEVELS[name] for name in ("light", "medium", "strong")]
    on = [{name for name, value in level.strengths.items() if value} for level in levels]
    assert on[0] < on[1] < on[2]
    crops = [level.random_resized_crop for level in levels]
    assert crops == [70.0, 50.0, 35.0]


def test_percentages_are_the_fractions_that_levels_always_had():
    percent = (70.0, 50.0, 35.0, 20.0, 10.0)
    assert tuple(value / 100 for value in percent) == (0.7, 0.5, 0.35, 0.2, 0.1)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_alone(level):
    assert filled(Settings(), level) == LEVELS[level]
    assert filled(Settings(augment="auto"), level) == LEVELS[level]
    assert filled(LEVELS[level], level) == LEVELS[level]


def test_what_is_given_replaces_one_strength_of_the_level():
    given = {"flip_left_right": False, "random_resized_crop": 80.0, "mixup": 0.0}
    assert filled(Settings(**given), "strong") == dataclasses.replace(LEVELS["strong"], **given)
    off = {"flip_left_right": False, "random_resized_crop": 0.0, "random_brightness": 0.0}
    assert not filled(Settings(**off), "light").changes_images


@pytest.mark.parametrize(
    ("settings", "level", "expected"),
    [
        (Settings(rand_augment=2), "none", (2, 7.0)),
        (Settings(rand_augment=3), "strong", (3, 7.0)),
        (Settings(rand_augment=1, rand_augment_magnitude=0.0), "none", (1, 0.0)),
        (Settings(rand_augment_magnitude=9.0), "strong", (2, 9.0)),
        (Settings(rand_augment_magnitude=9.0), "medium", (0, 0.0)),
        (Settings(rand_augment=0), "strong", (0, 0.0)),
    ],
)
def test_operations_and_magnitude_of_rand_augment(settings, level, expected):
    chosen = filled(settings, level)
    assert (chosen.rand_augment, chosen.rand_augment_magnitude) == expected
