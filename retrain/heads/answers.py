"""What a head answers, given probabilities: made of numbers and names, without TensorFlow."""

from collections.abc import Sequence
from typing import Any

import numpy as np

SEPARATOR, NOT_KNOWN, THRESHOLD = "|", "?", 0.5


class Answers:
    """Of one task; `decided` is what an export describes of its head."""

    def __init__(self, class_names: Sequence[str], **decided: Any):
        self.class_names = tuple(class_names)

    @staticmethod
    def names_in(label: str) -> list[str]:
        """The classes that a label, as written, is about."""
        return [label]

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        """Probabilities [N, num_classes] -> the label predicted for each example, as it would be written."""
        raise NotImplementedError

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities [N, num_classes] -> how probable what was predicted is, [N]."""
        raise NotImplementedError


class OneClass(Answers):
    """The most probable class."""

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        return [self.class_names[index] for index in probabilities.argmax(axis=1)]

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        return probabilities.max(axis=1)


class SomeClasses(Answers):
    """All classes that are as probable as their threshold."""

    def __init__(self, class_names: Sequence[str], thresholds: Sequence[float] | None = None, **decided: Any):
        super().__init__(class_names)
        usual = [THRESHOLD] * len(self.class_names)
        self.thresholds = np.asarray(usual if thresholds is None else thresholds)

    @staticmethod
    def names_in(label: str) -> list[str]:
        return [name.removeprefix(NOT_KNOWN) for name in label.split(SEPARATOR) if name]

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        names = np.asarray(self.class_names, object)
        return [SEPARATOR.join(names[row]) for row in probabilities >= self.thresholds]

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """That of the class of which it is least certain."""
        there = probabilities >= self.thresholds
        return np.where(there, probabilities, 1.0 - probabilities).min(axis=1)
