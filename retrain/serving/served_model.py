"""What answers requests: an export, by LiteRT where its TFLite file lies beside it, else by TensorFlow."""

import os
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from retrain.causes import cause_of
from retrain.data.decoded_pixels import UnusualImageError, pixels_of
from retrain.data.no_image import NoImageError
from retrain.exporters.assets import described_decoding, described_familiarity, described_image_size
from retrain.exporters.beside import answering_heads
from retrain.exporters.litert import LiteRtModel
from retrain.quiet import quietly_named
from retrain.settings.data import AS_USUAL

MOST = 10  # classes that are named of an image, as by the signature serving_bytes
DEFAULT, FAMILIARITY = "default", "familiarity"
IN_GRAPH = "retrain.exporters.served_bytes:pictures"

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
        self.decoding = described_decoding(export, max_megapixels)
        told = described_familiarity(export)
        self.threshold = None if told is None else told.threshold
        self._one_loads = threading.Lock()
        self.classes = {task: head.class_names for task, head in answering_heads(export).items()}
        self._answers = (
            LiteRtModel(litert) if litert else quietly_named("retrain.exporters.reload:read")(export)
        )

    def decoded(self, contents: bytes) -> np.ndarray:
        """The bytes of a file -> float32 [h, w, 3] in [0, 1]; as `pixels_of` of what is not.

        TensorFlow is loaded for the first image that only it decodes as training did.
        """
        try:
            return pixels_of(contents, self.image_size, self.decoding)
        except UnusualImageError as error:
            if error.__cause__ is not None:  # a decoder failed: it is damaged rather than unusual
                raise
            return self._decoded_in_graph(contents)

    def _decoded_in_graph(self, contents: bytes) -> np.ndarray:
        with self._one_loads:
            pictures = quietly_named(IN_GRAPH)(self.image_size, self.decoding)
        try:
            return pictures(np.array([contents], object))[0].numpy()
        except Exception as error:  # TensorFlow's own, whose names are not known here
            raise NoImageError(cause_of(error)) from error

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
