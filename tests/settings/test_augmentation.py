import dataclasses

import pytest

from retrain.settings.augmentation import LEVELS, AugmentationSettings
from retrain.settings.field import kind

STRENGTHS = [field for field in dataclasses.fields(AugmentationSettings) if field.name != "augment"]


def augments(**values) -> bool:
    return AugmentationSettings(**values).augments


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
