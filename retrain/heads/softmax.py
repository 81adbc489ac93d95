"""The head for mutually exclusive classes: softmax and cross-entropy.

An example has one label, encoded as its index, or none, encoded as -1.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import tensorflow as tf

from retrain.heads import metrics
from retrain.heads.answers import OneClass
from retrain.heads.class_head import ClassHead
from retrain.heads.computed_rows import ComputedRows, Rows
from retrain.heads.head import Labels
from retrain.heads.label_doubts import Doubts, doubted, of_labels
from retrain.heads.leading_classes import leading_classes

UNKNOWN = -1


class SoftmaxHead(ClassHead):
    """One of `class_names` for each example; two classes stay two logits."""

    kind = "softmax"
    labels_type = tf.int32

    def encode(self, labels: Sequence[str | None]) -> Labels:
        """Class names -> int32 [N]."""
        index = {name: position for position, name in enumerate(self.class_names)}
        return np.asarray([UNKNOWN if label is None else index[label] for label in labels], np.int32)

    @property
    def labels_shape(self) -> tuple[int, ...]:
        return ()

    @property
    def labels_taken(self) -> str:
        return f"a whole number from 0 to {self.num_classes - 1}, or {UNKNOWN} where nothing is known"

    def takes(self, values: tf.Tensor) -> tf.Tensor:
        return (values >= UNKNOWN) & (values < self.num_classes) & (values == tf.round(values))

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        """One 1 in each row, none without a label."""
        return tf.one_hot(labels, self.num_classes)

    def labelled(self, labels: Labels) -> np.ndarray:
        return np.asarray(labels) != UNKNOWN

    def known(self, targets: tf.Tensor) -> tf.Tensor:
        return tf.reduce_any(targets > 0.0, axis=-1)

    def loss(
        self, targets: tf.Tensor, logits: tf.Tensor, label_smoothing: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """Cross-entropy; smoothing spreads its share of a target over all classes (Szegedy et al. 2016)."""
        known = tf.reduce_sum(targets, axis=-1, keepdims=True)  # 1, or 0 without a label
        smooth = targets * (1.0 - label_smoothing) + known * label_smoothing / self.num_classes
        return -tf.reduce_sum(smooth * tf.nn.log_softmax(logits), axis=-1)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(self.tempered(logits, self.temperature))

    def kept(self, labels: Labels, probabilities: Rows) -> metrics.Probabilities:
        """Of many classes only those that lead."""
        many = isinstance(probabilities, ComputedRows)
        return leading_classes(labels, probabilities) if many else probabilities

    predicted, confidence = OneClass.predicted, OneClass.confidence

    def evidence(self, logits: tf.Tensor) -> tf.Tensor:
        """How far the largest logit stands out from their mean, to which softmax is blind."""
        return tf.reduce_max(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)

    def right(self, labels: Labels, probabilities: np.ndarray) -> np.ndarray:
        return probabilities.argmax(axis=1) == labels

    def certainties(self, labels: Labels, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        known = self.labelled(labels)
        return self.confidence(probabilities[known]), self.right(labels, probabilities)[known]

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        known = self.labelled(labels)
        return metrics.exclusive_classes(labels[known], probabilities[known], self.class_names)

    def of_unseen(self, labels: Labels, seen: np.ndarray) -> np.ndarray:
        """Those of a class of which none was seen."""
        return self.labelled(labels) & ~np.isin(labels, labels[seen])

    def doubts(self, labels: Labels, probabilities: Rows) -> Doubts:
        support, suggested, in_doubt = doubted(labels, probabilities)
        names = [self.class_names[index] for index in suggested]
        return Doubts(of_labels(labels, probabilities), support, names, in_doubt)

    def trained_on(self, labels: Labels, class_weights: str) -> Self:
        """A head of as many classes, which is one for all tasks and runs of a process.

        So what is traced of its loss is traced once. No more than their number has a part in that.
        """
        return _trained_head(self.num_classes) if type(self) is SoftmaxHead else self

    def example_weights(self, labels: Labels, class_weights: str) -> np.ndarray:
        """Balanced, every class has an equal share."""
        known = self.labelled(labels)
        counts = np.bincount(labels[known], minlength=self.num_classes)
        if class_weights == "none":
            shares = np.full(self.num_classes, 1.0 / max(1, known.sum()))
        else:
            shares = 1.0 / (np.maximum(counts, 1) * max(1, np.count_nonzero(counts)))
        return np.where(known, len(labels) * shares[labels], 0.0).astype(np.float32)


@functools.cache
def _trained_head(num_classes: int) -> SoftmaxHead:
    return SoftmaxHead([str(index) for index in range(num_classes)])


TOLERANCE = 1e-3


class PublishedHead(SoftmaxHead):
    """All `class_names` of the publisher, and `indices`: the label of an example -> its class.

    Its scores went through a "softmax", "log_softmax" or "sigmoid", as `behind` says; None where that is not
    known. Of two classes they may be one value, the share of the second.
    """

    def __init__(self, class_names: Sequence[str], indices: Mapping[str, int], behind: str | None = None):
        super().__init__(class_names)
        self.indices, self.behind = dict(indices), behind

    def encode(self, labels: Sequence[str]) -> Labels:
        return np.asarray([self.indices[label] for label in labels], np.int32)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Softmax; but some modules give probabilities where logits are due: these are left as they are."""
        if logits.shape[-1] == 1:
            second = logits if self.behind == "sigmoid" else tf.sigmoid(logits)
            return second if self.num_classes == 1 else tf.concat([1 - second, second], axis=-1)
        if self.behind is None:
            sums = tf.reduce_sum(logits, axis=-1)
            are_probabilities = tf.reduce_all(logits >= 0) and tf.reduce_all(tf.abs(sums - 1) < TOLERANCE)
            return logits if are_probabilities else super().probabilities(logits)
        return tf.exp(logits) if self.behind == "log_softmax" else logits

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        return metrics.some_of_many_classes(labels, probabilities, self.indices)
