import dataclasses

from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about
from retrain.settings.head import HeadSettings
from retrain.settings.pixels import PixelSettings
from retrain.settings.training import TrainingSettings

SHARED = {field.name for field in dataclasses.fields(TrainingSettings)}
LATER = {"learning_rate", "max_steps", "train_epochs", "batch_size", "label_smoothing"}


def names(section: type) -> set[str]:
    return {field.name for field in dataclasses.fields(section)}


def test_heads_and_images_share_what_is_said_of_all_training():
    assert names(HeadSettings) & names(PixelSettings) == SHARED


def test_the_length_and_the_steps_are_those_of_the_later_training():
    assert {name for name in SHARED if about(FIELDS[name]).later} == LATER
    assert not any(about(field).later for name, field in FIELDS.items() if name not in SHARED)


def test_the_head_before_goes_by_the_defaults():
    config = Config.of(
        fine_tune=True, **dict.fromkeys(LATER - {"label_smoothing"}, 5), label_smoothing=0.3, seed=7
    )
    assert config.head == HeadSettings(seed=7)
