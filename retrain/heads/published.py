"""The classes that a module was published with: to evaluate it as it is, on images of some of them.

Labels are whatever the user calls a class; its index among the published ones is known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from retrain.heads import metrics
from retrain.heads.head import Labels
from retrain.heads.softmax import SoftmaxHead

TOLERANCE = 1e-3


class PublishedHead(SoftmaxHead):
    """All `class_names` of the publisher, and `indices`: the label of an example -> its class."""

    def __init__(self, class_names: Sequence[str], indices: Mapping[str, int]):
        super().__init__(class_names)
        self.indices = dict(indices)

    def encode(self, labels: Sequence[str]) -> Labels:
        return np.asarray([self.indices[label] for label in labels], np.int32)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Softmax; but some modules give probabilities where logits are due: these are left as they are."""
        sums = tf.reduce_sum(logits, axis=-1)
        if tf.reduce_all(logits >= 0) and tf.reduce_all(tf.abs(sums - 1) < TOLERANCE):
            return logits
        return super().probabilities(logits)

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        return metrics.some_of_many_classes(labels, probabilities, self.indices)
