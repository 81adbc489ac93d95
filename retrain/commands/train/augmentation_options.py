"""From the flags of augmentation to an `Augmentation`."""

from retrain.data.augmentation.levels import LEVELS, NONE, Augmentation
from retrain.settings.config import Config

MAGNITUDE = 7.0
# Settings in percent, by what they set; the others are as `Augmentation` has them.
PERCENTAGES = {
    "random_resized_crop": "resized_crop",
    "random_crop": "crop",
    "random_scale": "scale",
    "random_brightness": "brightness",
    "random_contrast": "contrast",
    "random_saturation": "saturation",
}
SAME = {
    "flip_left_right": "flip_left_right",
    "rotation_range": "rotation",
    "shear_range": "shear",
    "width_shift_range": "width_shift",
    "height_shift_range": "height_shift",
    "zoom_range": "zoom",
    "random_hue": "hue",
    "random_erasing": "erasing",
    "mixup": "mixup",
    "cutmix": "cutmix",
}


def augmentation_options(config: Config, level: str) -> Augmentation:
    """The level's strengths (a row of LEVELS), but those that the user gave."""
    given = {field: getattr(config, name) for name, field in SAME.items()}
    for name, field in PERCENTAGES.items():
        percent = getattr(config, name)
        given[field] = None if percent is None else percent / 100
    given["rand_augment"] = _rand_augment(config, LEVELS[level].rand_augment)
    return LEVELS[level]._replace(**{name: value for name, value in given.items() if value is not None})


def _rand_augment(config: Config, of_level: tuple[int, float]) -> tuple[int, float]:
    operations, magnitude = of_level
    if config.rand_augment is not None:
        operations, magnitude = config.rand_augment, magnitude or MAGNITUDE
    if config.rand_augment_magnitude is not None:
        magnitude = config.rand_augment_magnitude
    return (operations, magnitude) if operations else NONE.rand_augment
