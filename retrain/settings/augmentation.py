"""The settings of augmentation: a level, and every strength by itself.

Names are those of retrain.py and make_image_classifier where these have them, with their units. With all
strengths filled in (`retrain.data.augmentation.levels.filled`) they are one augmentation.
"""

import dataclasses

from retrain.settings.field import setting
from retrain.settings.needs import RAND_AUGMENT

LEVELS = ("none", "light", "medium", "strong", "classic", "auto")
SHARE = {"low": 0.0, "below": 1.0}


@dataclasses.dataclass(frozen=True)
class AugmentationSettings:
    """What is done to training images at random; a strength replaces that of the level, and 0 means off."""

    title = "Augmentation of training images"

    @property
    def strengths(self) -> dict[str, bool | int | float | None]:
        """All fields but the level, by name; None is what the level says."""
        names = [field.name for field in dataclasses.fields(AugmentationSettings)]
        return {name: getattr(self, name) for name in names if name != "augment"}

    @property
    def changes_images(self) -> bool:
        """Whether a strength is given, and is not off."""
        return any(self.strengths.values())

    @property
    def augments(self) -> bool:
        """Whether a flag says that images are augmented: then also a frozen module must see pixels."""
        return self.augment not in (None, "none") or self.changes_images

    @property
    def mixes(self) -> bool:
        """Whether an image may hold parts of two, so that its loss is that of two labels."""
        return bool(self.mixup or self.cutmix)

    augment: str | None = setting(
        None,
        "How much training images are changed at random; augmented.png shows it. auto goes by the number of "
        "images; classic is what make_image_classifier did. A frozen module then sees every image in every "
        "epoch: minutes instead of seconds. Default: none, and auto when fine-tuning.",
        choices=LEVELS,
        sweep=True,
    )
    flip_left_right: bool | None = setting(
        None, "Mirror half of the images; not where left and right matter.", sweep=True
    )
    random_resized_crop: float | None = setting(
        None,
        "Cut out at least this percentage of the area, anywhere, a little stretched.",
        sweep=True,
        low=0.0,
        high=100.0,
    )
    random_crop: float | None = setting(
        None,
        "Enlarge images by this percentage, and cut out their size anywhere.",
        sweep=True,
        low=0.0,
    )
    random_scale: float | None = setting(
        None, "Enlarge images by up to this percentage before they are cut.", low=0.0
    )
    rotation_range: float | None = setting(
        None, "Turn by up to so many degrees to either side.", sweep=True, low=0.0, high=180.0
    )
    shear_range: float | None = setting(
        None, "Slant by up to so many degrees to either side.", low=0.0, high=60.0
    )
    width_shift_range: float | None = setting(
        None, "Move to either side by up to this fraction of the width.", **SHARE
    )
    height_shift_range: float | None = setting(
        None, "Move up or down by up to this fraction of the height.", **SHARE
    )
    zoom_range: float | None = setting(None, "Grow or shrink by up to this fraction.", sweep=True, **SHARE)
    random_brightness: float | None = setting(
        None,
        "Multiply pixels by 1, give or take up to this percentage.",
        sweep=True,
        low=0.0,
        high=100.0,
    )
    random_contrast: float | None = setting(None, "The same of contrast, in percent.", low=0.0, high=100.0)
    random_saturation: float | None = setting(
        None, "The same of how colourful images are, in percent.", low=0.0, high=100.0
    )
    random_hue: float | None = setting(
        None, "Turn colours by up to so many degrees of their circle.", low=0.0, high=180.0
    )
    rand_augment: int | None = setting(
        None,
        "RandAugment: do so many of its fourteen operations to each image; 2 is usual.",
        sweep=True,
        low=0,
        high=14,
    )
    rand_augment_magnitude: float | None = setting(
        None,
        "How much each of them does, up to 10. Default: 7.",
        needs=RAND_AUGMENT,
        sweep=True,
        low=0.0,
        high=10.0,
    )
    random_erasing: float | None = setting(
        None, "Probability that a box of noise covers part of an image.", low=0.0, high=1.0
    )
    mixup: float | None = setting(
        None,
        "Blend two images and their labels; alpha of a Beta distribution: 0.2 is usual.",
        sweep=True,
        low=0.0,
    )
    cutmix: float | None = setting(
        None,
        "Put a box of one image into another, and blend their labels; alpha: 1 is usual.",
        sweep=True,
        low=0.0,
    )
