"""What answers requests: an export, by LiteRT where its TFLite file lies beside it, else by TensorFlow."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from retrain.data.decoded_pixels import pixels_of
from retrain.exporters.assets import described_background, described_familiarity, described_image_size
from retrain.exporters.beside import answering_heads
from retrain.exporters.litert import LiteRtModel
from retrain.quiet import quietly_named
from retrain.settings.data import AS_USUAL, Decoding

MOST = 10  # classes that are named of an image, as by the signature serving_bytes
DEFAULT, FAMILIARITY = "default", "familiarity"

Row = Mapping[str, np.ndarray]  # what is served of one image, by key


class ServedModel:
    """A classifier: images to rows, rows to classes.

    Attributes:
      image_size: height and width of the images that it takes.
      classes: of each task, in its order.
      threshold: of familiarity, where it is told.
    """

    def __init__(self, export: str, litert: str, max_megapixels: float = AS_USUAL.max_megapixels):
        self.image_size = described_image_size(export)
        self.decoding = Decoding(described_background(export), max_megapixels)
        told = described_familiarity(export)
        self.threshold = None if told is None else told.threshold
        self.classes = {task: head.class_names for task, head in answering_heads(export).items()}
        self._answers = (
            LiteRtModel(litert) if litert else quietly_named("retrain.exporters.reload:read")(export)
        )

    def decoded(self, contents: bytes) -> np.ndarray:
        """The bytes of a file -> float32 [h, w, 3] in [0, 1]; as `pixels_of` of what is not."""
        return pixels_of(contents, self.image_size, self.decoding)

    def rows(self, images: Sequence[np.ndarray]) -> list[Row]:
        """Images float32 [h, w, 3] -> what is served of each."""
        found = self._answers(np.stack(images).astype(np.float32))
        return [{key: values[place] for key, values in found.items()} for place in range(len(images))]

    def probabilities(self, row: Row) -> dict[str, np.ndarray]:
        """Of each task, [C]."""
        one = len(self.classes) == 1
        return {task: row[DEFAULT if one else task] for task in self.classes}


class Ranked(NamedTuple):
    """Classes from the most probable on, and how probable they are."""

    classes: list[str]
    scores: list[float]


def ranked(probabilities: np.ndarray, classes: Sequence[str], most: int = MOST) -> Ranked:
    """Of probabilities [C]."""
    order = np.argsort(-probabilities, kind="stable")[:most]
    return Ranked([classes[index] for index in order], [float(probabilities[index]) for index in order])


def workers() -> int:
    """Threads that decode."""
    return os.cpu_count() or 1
