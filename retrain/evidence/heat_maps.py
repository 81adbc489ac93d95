"""Heat maps of images: where a classifier finds the evidence for what it predicts, as pictures for a page."""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from retrain.addresses import absolute
from retrain.data.images import load_image
from retrain.evidence.occlusion import occlusion_map
from retrain.examples.labelled import LabelledExamples

WARM, HOT = (255.0, 200.0, 0.0), (214.0, 0.0, 0.0)  # the colours of a little, and of the strongest evidence
COVER = 0.65  # how much of the picture the strongest hides
DECISIVE = 1.0  # the fall of the log odds, e times less sure, below which nothing is shown as the strongest


class Evidence:
    """The heat maps of a classifier, each made when it is asked for.

    Args:
      examples: which say where images lie.
      image_size: height and width that the classifier takes.
      probabilities: of images float32 [B, H, W, 3] those of the classes [B, C] of each task.
      class_names: of each task.
    """

    def __init__(
        self,
        examples: LabelledExamples,
        image_size: tuple[int, int],
        probabilities: Callable[[np.ndarray], Mapping[str, np.ndarray]],
        class_names: Mapping[str, Sequence[str]],
    ):
        self._root, self._decoding = absolute(examples.image_dir), examples.decoding
        self._size, self._probabilities, self._names = image_size, probabilities, class_names

    def of(self, task: str, path: str) -> tuple[str, np.ndarray]:
        """The class that the map of one image is about, and the map, see `occlusion_map`."""
        file = os.path.join(self._root, path)
        image = load_image(tf.constant(file), self._size, self._decoding).numpy()
        index, cells = occlusion_map(image, lambda images: self._probabilities(images)[task])
        return self._names[task][index], cells


def heated(picture: Image.Image, cells: np.ndarray) -> Image.Image:
    """The picture in grey, coloured where the evidence is; `cells` are those of `occlusion_map`."""
    strength = np.maximum(cells, 0.0) / max(float(cells.max()), DECISIVE)
    mask = Image.fromarray((255 * strength).astype(np.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
    return _coloured(np.asarray(picture.convert("L")), np.asarray(mask) / 255)


def scale(width: int, height: int) -> Image.Image:
    """The colours from no evidence to the strongest, from left to right, as they are on middle grey."""
    return _coloured(np.full((height, width), 128), np.tile(np.linspace(0, 1, width), (height, 1)))


def _coloured(grey: np.ndarray, strength: np.ndarray) -> Image.Image:
    """Of pixels [H, W] in 0..255, and of evidence [H, W] in [0, 1]."""
    strength = strength[..., None]
    colour = np.multiply(WARM, 1 - strength) + np.multiply(HOT, strength)
    share = COVER * strength
    return Image.fromarray((grey[..., None] * (1 - share) + colour * share).astype(np.uint8))
