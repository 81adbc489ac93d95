import pytest

from retrain.data.augmentation.levels import LEVELS, NONE, Augmentation


def test_none_is_off():
    assert LEVELS["none"] == NONE
    assert not any(value for value in NONE if value != (0, 0.0))


def test_every_level_does_all_that_the_one_before_does():
    levels = [LEVELS[name] for name in ("light", "medium", "strong")]
    on = [
        {name for name, value in level._asdict().items() if value != NONE._asdict()[name]} for level in levels
    ]
    assert on[0] < on[1] < on[2]
    assert levels[0].resized_crop > levels[1].resized_crop > levels[2].resized_crop


@pytest.mark.parametrize(
    ("augmentation", "mixes"),
    [
        (NONE, False),
        (LEVELS["medium"], False),
        (Augmentation(mixup=0.1), True),
        (Augmentation(cutmix=1), True),
    ],
)
def test_what_mixes(augmentation, mixes):
    assert augmentation.mixes is mixes
