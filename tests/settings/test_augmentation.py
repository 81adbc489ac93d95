import dataclasses

import pytest

from retrain.settings.augmentation import LEVELS
from retrain.settings.augmentation import AugmentationSettings as Settings
from retrain.settings.field import kind

STRENGTHS = [field for field in dataclasses.fields(Settings) if field.name != "augment"]


@pytest.mark.parametrize(
    ("settings", "asked_for", "changes"),
    [
        (Settings(), False, False),
        (Settings(augment="none"), False, False),
        (Settings(augment="auto"), True, False),
        (Settings(augment="light"), True, False),
        (Settings(rotation_range=5.0), True, True),
        (Settings(augment="none", mixup=0.2), True, True),
        (Settings(flip_left_right=False, mixup=0.0, rand_augment=0), False, False),
    ],
)
def test_whether_augmentation_was_asked_for_and_a_strength_given(settings, asked_for, changes):
    assert settings.augments is asked_for
    assert settings.changes_images is changes


@pytest.mark.parametrize(
    ("settings", "mixes"),
    [
        (Settings(), False),
        (Settings(random_erasing=1.0, mixup=0.0, cutmix=0.0), False),
        (Settings(mixup=0.1), True),
        (Settings(cutmix=1.0), True),
    ],
)
def test_what_mixes(settings, mixes):
    assert settings.mixes is mixes


def test_strengths_are_all_but_the_level():
    strengths = Settings(augment="light", zoom_range=0.1).strengths
    assert "augment" not in strengths
    assert len(strengths) == len(dataclasses.fields(Settings)) - 1
    assert {name: value for name, value in strengths.items() if value is not None} == {"zoom_range": 0.1}


def augments(**values) -> bool:
    return Settings(**values).augments


def test_nothing_is_done_by_default():
    assert not augments()


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_but_none_augments(level):
    assert augments(augment=level) is (level != "none")


@pytest.mark.parametrize("field", STRENGTHS, ids=lambda field: field.name)
def test_every_strength_augments_unless_it_is_off(field):
    assert augments(**{field.name: kind(field)(1)})
    assert not augments(**{field.name: kind(field)(0)})
    assert augments(augment="light", **{field.name: kind(field)(0)})
