"""The head for mutually exclusive classes: softmax and cross-entropy.

An example has one label, encoded as its index.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from retrain.heads import metrics
from retrain.heads.head import Head, Labels


class SoftmaxHead(Head):
    """One of `class_names` for each example; two classes stay two logits."""

    kind = "softmax"

    def encode(self, labels: Sequence[str]) -> Labels:
        """Class names -> int32 [N]."""
        index = {name: position for position, name in enumerate(self.class_names)}
        return np.asarray([index[label] for label in labels], np.int32)

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(labels, self.num_classes)

    def loss(
        self, targets: tf.Tensor, logits: tf.Tensor, label_smoothing: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """Cross-entropy; smoothing spreads its share of a target over all classes (Szegedy et al. 2016)."""
        smooth = targets * (1.0 - label_smoothing) + label_smoothing / self.num_classes
        return -tf.reduce_sum(smooth * tf.nn.log_softmax(logits), axis=-1)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(logits)

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        return [self.class_names[index] for index in probabilities.argmax(axis=1)]

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        return metrics.exclusive_classes(labels, probabilities, self.class_names)

    def example_weights(self, labels: Labels, class_weights: str) -> np.ndarray:
        if class_weights == "none":
            return np.ones(len(labels), np.float32)
        counts = np.bincount(labels, minlength=self.num_classes)
        present = np.count_nonzero(counts)
        return (len(labels) / (present * counts[labels])).astype(np.float32)
