"""The head for orthogonal classes, each there or not, whatever the others are: sigmoid, binary cross-entropy.

A label, as written, names the classes that are there, with `|` between; "" names none, and after `?` stands a
class of which it is not known. Encoded it is a row of 1, 0, and nan where nothing is known. The loss of an
example is the mean over its known classes.
"""

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import tensorflow as tf

from retrain.heads import label_sets
from retrain.heads.answers import NOT_KNOWN, SEPARATOR, THRESHOLD, SomeClasses
from retrain.heads.class_head import ClassHead
from retrain.heads.computed_rows import Rows
from retrain.heads.head import Labels
from retrain.heads.label_doubts import Doubts, doubted

HEAVIEST = 100.0


class SigmoidHead(ClassHead):
    """Any of `class_names` for each example, as probable as its threshold or more."""

    kind = "sigmoid"
    labels_type = tf.float32
    fewest_classes = 1
    headlines = MappingProxyType({"accuracy": "exact match", "macro_f1": "macro F1"})

    def __init__(
        self,
        class_names: Sequence[str],
        temperature: float = 1.0,
        thresholds: Sequence[float] | None = None,
        positive_weights: Sequence[float] | None = None,
    ):
        super().__init__(class_names, temperature)
        usual = [THRESHOLD] * self.num_classes
        self.thresholds = np.asarray(usual if thresholds is None else thresholds)
        self.positive_weights = positive_weights

    names_in = staticmethod(SomeClasses.names_in)

    @classmethod
    def joined(cls, labels: Sequence[str]) -> str | None:
        return SEPARATOR.join(labels)

    def encode(self, labels: Sequence[str | None]) -> Labels:
        """Label sets -> float32 [N, num_classes]."""
        index = {name: position for position, name in enumerate(self.class_names)}
        rows = np.full([len(labels), self.num_classes], np.nan, np.float32)
        for row, label in zip(rows, labels, strict=True):
            if label is not None:
                row[:] = 0.0
                for name in filter(None, label.split(SEPARATOR)):
                    row[index[name.removeprefix(NOT_KNOWN)]] = np.nan if name.startswith(NOT_KNOWN) else 1.0
        return rows

    @property
    def labels_shape(self) -> tuple[int, ...]:
        return (self.num_classes,)

    @property
    def labels_taken(self) -> str:
        return "1 for a class that is there, 0 for one that is not, and nan where nothing is known"

    def takes(self, values: tf.Tensor) -> tf.Tensor:
        return (values == 0.0) | (values == 1.0) | tf.math.is_nan(values)

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.cast(labels, tf.float32)

    def known(self, targets: tf.Tensor) -> tf.Tensor:
        return tf.logical_not(tf.reduce_all(tf.math.is_nan(targets), axis=-1))

    def loss(
        self, targets: tf.Tensor, logits: tf.Tensor, label_smoothing: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """Mean binary cross-entropy over known classes; smoothing spreads its share over there and not."""
        known = tf.logical_not(tf.math.is_nan(targets))
        there = tf.where(known, targets, 0.0)
        smooth = there * (1.0 - label_smoothing) + 0.5 * label_smoothing
        surprise = smooth * tf.nn.softplus(-logits) + (1.0 - smooth) * tf.nn.softplus(logits)
        if self.positive_weights is not None:
            surprise *= 1.0 + there * (tf.constant(self.positive_weights, tf.float32) - 1.0)
        counted = tf.where(known, surprise, 0.0)
        count = tf.reduce_sum(tf.cast(known, tf.float32), axis=-1)
        return tf.math.divide_no_nan(tf.reduce_sum(counted, axis=-1), count)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        return tf.nn.sigmoid(self.tempered(logits, self.temperature))

    predicted, confidence = SomeClasses.predicted, SomeClasses.confidence

    def right(self, labels: Labels, probabilities: np.ndarray) -> np.ndarray:
        """In all its known classes."""
        agree = ((probabilities >= self.thresholds) == labels) | np.isnan(labels)
        return agree.all(axis=1) & self.labelled(labels)

    def certainties(self, labels: Labels, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each class of an example is a judgement; at half, whatever its threshold."""
        known, there = ~np.isnan(labels), probabilities >= 0.5
        return np.where(there, probabilities, 1.0 - probabilities)[known], (there == labels)[known]

    def detections(
        self, labels: Labels, probabilities: np.ndarray
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of classes that some examples have and others have not."""
        found = {}
        for name, of_class, scores in zip(self.class_names, labels.T, probabilities.T, strict=True):
            there, known = of_class == 1.0, ~np.isnan(of_class)
            if there.any() and not there[known].all():
                found[name] = there[known], scores[known]
        return found

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        known = self.labelled(labels)
        return label_sets.orthogonal_classes(
            labels[known], probabilities[known], self.class_names, self.thresholds
        )

    def doubts(self, labels: Labels, probabilities: Rows) -> Doubts:
        """An example is as doubtful as the class of which its label is most doubtful."""
        probabilities = np.asarray(probabilities)
        support, in_doubt = np.ones(labels.shape), np.zeros(labels.shape, bool)
        for index in range(self.num_classes):
            known = ~np.isnan(labels[:, index])
            there = probabilities[known, index]
            both = np.stack([1.0 - there, there], axis=1)
            support[known, index], _, in_doubt[known, index] = doubted(labels[known, index].astype(int), both)
        worst = (np.arange(len(labels)), support.argmin(axis=1))
        flipped = in_doubt.copy()
        flipped[worst] |= support[worst] < 0.5
        suggested = [self._written(row) for row in np.where(flipped, 1.0 - labels, labels)]
        probability = np.where(labels == 1.0, probabilities, 1.0 - probabilities)[worst]
        return Doubts(probability, support[worst], suggested, in_doubt.any(axis=1))

    def _written(self, row: np.ndarray) -> str:
        """A row of encoded labels as it would stand in a table."""
        names = zip(self.class_names, row, strict=True)
        return SEPARATOR.join(NOT_KNOWN * bool(np.isnan(cell)) + name for name, cell in names if cell)

    def example_weights(self, labels: Labels, class_weights: str) -> np.ndarray:
        """Equal for all that have a label: classes are balanced in the loss."""
        known = self.labelled(labels)
        return (known * (len(labels) / max(1, known.sum()))).astype(np.float32)

    def trained_on(self, labels: Labels, class_weights: str) -> Self:
        """Balanced, the images that have a class count as much as those that have it not.

        Else a head of as many classes, which is one for all tasks and runs of a process.
        """
        if class_weights == "none":
            return _trained_head(self.num_classes) if type(self) is SigmoidHead else self
        there, absent = np.sum(labels == 1.0, axis=0), np.sum(labels == 0.0, axis=0)
        weights = np.clip(absent / np.maximum(there, 1), 1.0 / HEAVIEST, HEAVIEST)
        return self.replaced(positive_weights=np.where(there, weights, 1.0).tolist())

    def decided(self, labels: Labels, probabilities: Rows) -> Self:
        """With the threshold of each class at which its F1 is highest."""
        found = label_sets.best_thresholds(labels, np.asarray(probabilities), THRESHOLD)
        return self.replaced(thresholds=found)

    def settings(self) -> Mapping[str, Any]:
        if (self.thresholds == THRESHOLD).all():
            return super().settings()
        return {**super().settings(), "thresholds": self.thresholds.tolist()}


@functools.cache
def _trained_head(num_classes: int) -> SigmoidHead:
    return SigmoidHead([str(index) for index in range(num_classes)])
