"""What is done to training images at random: plain values by kind, and levels by name.

Every value is 0 or False where nothing is done. That each draw is a function of (seed, step, position in the
batch) alone, and what becomes of it, is for `retrain.data.augmentation.augment`.
"""

from typing import NamedTuple


class Augmentation(NamedTuple):
    """Strengths by kind; how much an image gets is drawn evenly up to the strength.

    Attributes:
      flip_left_right: whether half of the images are mirrored.
      resized_crop: the smallest share of the area that is kept; the crop's sides are stretched by up to 4/3.
      crop: the share of the size by which an image is enlarged before a window is cut out anywhere.
      scale: the share by which it is enlarged once more, at most.
      rotation, shear: degrees to either side.
      width_shift, height_shift: shares of the width and height, to either side.
      zoom: the share of the size by which an image grows or shrinks.
      brightness, contrast, saturation: they are multiplied by a factor within 1 +- this.
      hue: degrees on the circle of colours, to either side.
      rand_augment: how many operations of RandAugment, and their magnitude from 0 to 10.
      erasing: the probability that a box of noise covers part of an image.
      mixup, cutmix: alpha of the Beta distribution by which two images share one place; where both are set,
        half of the images get one and half the other.
    """

    flip_left_right: bool = False
    resized_crop: float = 0.0
    crop: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    width_shift: float = 0.0
    height_shift: float = 0.0
    zoom: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    rand_augment: tuple[int, float] = (0, 0.0)
    erasing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    @property
    def mixes(self) -> bool:
        """Whether an image may hold parts of two, so that its loss is that of two labels."""
        return self.mixup > 0 or self.cutmix > 0


NONE = Augmentation()
_MEDIUM = Augmentation(flip_left_right=True, resized_crop=0.5, brightness=0.2, contrast=0.2, saturation=0.2)
LEVELS = {
    "none": NONE,
    "light": Augmentation(flip_left_right=True, resized_crop=0.7, brightness=0.1),
    "medium": _MEDIUM,
    "strong": _MEDIUM._replace(resized_crop=0.35, rand_augment=(2, 7.0), mixup=0.2, cutmix=1.0),
    # What make_image_classifier does with --do_data_augmentation, with degrees that are degrees.
    "classic": Augmentation(flip_left_right=True, rotation=40, width_shift=0.2, height_shift=0.2, zoom=0.2),
}
