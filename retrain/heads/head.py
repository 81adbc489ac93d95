"""What a head is: the one owner of a task's loss, predictions and metrics, so that they cannot disagree.

A head has no variables. The model gives it logits [..., num_classes] (the leading axes are examples, or
examples and trials), the data gives it labels as class names; everything between is its own.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

Labels = np.ndarray


class Head:
    """One task over a fixed, ordered set of classes; index = position in `class_names`."""

    kind: str  # its row of HEADS

    def __init__(self, class_names: Sequence[str]):
        self.class_names = tuple(class_names)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def encode(self, labels: Sequence[str]) -> Labels:
        """Labels as written -> the array that `targets` and `metrics` take, examples first."""
        raise NotImplementedError

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        """Encoded labels [B, ...] -> float32 [B, num_classes], what perfect probabilities would be."""
        raise NotImplementedError

    def loss(
        self, targets: tf.Tensor, logits: tf.Tensor, label_smoothing: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """The loss of each example: targets [..., num_classes], logits [..., num_classes] -> [...]."""
        raise NotImplementedError

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Logits [..., num_classes] -> probabilities of the same shape, in [0, 1]."""
        raise NotImplementedError

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        """Probabilities [N, num_classes] -> the label predicted for each example, as it would be written."""
        raise NotImplementedError

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        """Encoded labels [N, ...] and probabilities [N, num_classes] of all examples -> figures by name."""
        raise NotImplementedError

    def example_weights(self, labels: Labels, class_weights: str) -> np.ndarray:
        """Weights [N] of mean 1: all equal for "none", each class with an equal share for "balanced"."""
        raise NotImplementedError
