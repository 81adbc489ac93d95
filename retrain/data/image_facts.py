"""What is known of images beside what a module makes of them: facts for a report, thumbnails to compare."""

from typing import NamedTuple

import numpy as np

# Traits of an image: pixels that are not opaque, and values of 8 or 12 bits in 16.
TRANSPARENT, NARROW = 1, 2


class ImageFacts(NamedTuple):
    """A row for each of some files; zeros and "" where a file is no image.

    Attributes:
      formats: "JPEG", "PNG", ...
      sizes: int32 [N, 2], upright height and width.
      thumbnails: uint8 [N, 32, 32, 3].
      traits: uint8 [N], sums of the above.
      contents: a hash of each file, 16 hexadecimal digits: the same wherever it lies.
    """

    formats: list[str]
    sizes: np.ndarray
    thumbnails: np.ndarray
    traits: np.ndarray
    contents: list[str]
