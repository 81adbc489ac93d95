"""What a head is: the one owner of a task's loss, predictions and metrics, so that they cannot disagree.

What only a head can know it is asked for: which values make classes, how examples are alike, when it knows
nothing, what is said of its figures.

A head has no variables. The model gives it logits [..., num_classes] (the leading axes are examples, or
examples and trials), the data gives it labels as they are written in a cell of a table, None where the cell
is empty; everything between is its own. An example without a label has weight 0, no loss and no figures.

What is decided after training (a temperature, thresholds) makes another head: `calibrated`, `decided`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize_scalar

from retrain.heads.computed_rows import Rows, row_blocks
from retrain.heads.label_doubts import Doubts
from retrain.metric import Metric

Labels = np.ndarray

COLDEST, HOTTEST = 0.05, 20.0
# A temperature is drawn towards 1 by this much of log(T)^2: a handful of examples that are all predicted
# rightly would else call for certainty. Of 0 to 5 it gave the lowest loss on other clothing photos when
# calibrated on 5, 10 or 20 (0.95, 0.90, 0.88; without it 1.45, 0.93, 0.88), and from 40 on it cost 0.001 at
# most (MobileNet v2 and v1 features, 4 splits, heads too sure and too unsure).
DRAWN_TO_1 = 0.5
CALIBRATED_ON = 2**24  # logits, 64 MB: of many classes, some thousands of examples tell one number as well


class Head:
    """One task over a fixed, ordered set of classes; index = position in `class_names`."""

    kind: str  # its row of HEADS
    labels_type: tf.DType  # of encoded labels

    def __init__(self, class_names: Sequence[str], temperature: float = 1.0):
        self.class_names = tuple(class_names)
        self.temperature = temperature

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def chance_loss(self) -> float:
        """The average loss of a model that knows nothing: what is many times as much has diverged."""
        raise NotImplementedError

    @classmethod
    def classes_in(cls, task: str, cells: Sequence[str | None]) -> list[str]:
        """The classes that the cells of a column are about, in order; InputError where they make none."""
        raise NotImplementedError

    @classmethod
    def classes_of_folders(cls, names: Sequence[str]) -> list[str]:
        """The classes of class folders with these names, in order; InputError for a name that is none."""
        raise NotImplementedError

    @classmethod
    def names_in(cls, label: str) -> list[str]:
        """The classes that a label, as written, is about."""
        return [label]

    @classmethod
    def joined(cls, labels: Sequence[str]) -> str | None:
        """One label for an image that has all of these, or None where they contradict each other."""
        return None

    def encode(self, labels: Sequence[str | None]) -> Labels:
        """Labels as written -> the array that `targets` and `metrics` take, examples first."""
        raise NotImplementedError

    @property
    def labels_shape(self) -> tuple[int, ...]:
        """The shape of one example's encoded label."""
        raise NotImplementedError

    @property
    def labels_taken(self) -> str:
        """Which values encoded labels have, in words."""
        raise NotImplementedError

    def takes(self, values: tf.Tensor) -> tf.Tensor:
        """Which of these values, float64, encoded labels may have: bool, of the same shape."""
        raise NotImplementedError

    def taken(self, labels: tf.Tensor, task: str) -> tf.Tensor:
        """Numbers that a program gives as the labels of a batch -> encoded labels.

        For one number each [B, 1] is as good as [B]. InvalidArgumentError, with a sentence, for other values.
        """
        values = tf.cast(labels, tf.float64)
        values = tf.reshape(values, tf.concat([tf.shape(values)[:1], self.labels_shape], axis=0))
        fits = self.takes(values)
        sentence = f"A label of task {task!r} is {self.labels_taken}, but an input_fn gave"
        # Not tf.debugging.Assert, whose message is another one outside of graphs.
        check = tf.raw_ops.Assert(
            condition=tf.reduce_all(fits), data=[sentence, tf.boolean_mask(values, ~fits)[:1]]
        )
        with tf.control_dependencies([check]):
            return tf.cast(values, self.labels_type)

    def labelled(self, labels: Labels) -> np.ndarray:
        """Which of the encoded labels say anything, bool [N]."""
        return self.known(self.targets(tf.constant(labels))).numpy()

    def strata(self, labels: Labels) -> np.ndarray:
        """Encoded labels [N, ...] -> int [N], the same for examples that are to be spread over all folds."""
        raise NotImplementedError

    def of_unseen(self, labels: Labels, seen: np.ndarray) -> np.ndarray:
        """Which examples, bool [N], no head can know that is trained on those `seen`, bool [N], alone."""
        return np.zeros(len(labels), bool)

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        """Encoded labels [B, ...] -> float32 [B, num_classes], what perfect probabilities would be."""
        raise NotImplementedError

    def known(self, targets: tf.Tensor) -> tf.Tensor:
        """Which of the targets [..., num_classes] are of an example with a label, bool [...]."""
        raise NotImplementedError

    def loss(
        self, targets: tf.Tensor, logits: tf.Tensor, label_smoothing: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """The loss of each example: targets [..., num_classes], logits [..., num_classes] -> [...]."""
        raise NotImplementedError

    def tempered(self, logits: tf.Tensor, temperature: tf.Tensor | float) -> tf.Tensor:
        """Logits that are surer of themselves, or less; as they are, where there is no such thing."""
        return logits / temperature

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Logits [..., num_classes] -> probabilities of the same shape, in [0, 1], at the temperature."""
        raise NotImplementedError

    def probabilities_of(self, logits: Rows) -> Rows:
        """The same of arrays, or of rows that are computed when they are asked for."""

        def of_block(block: np.ndarray) -> np.ndarray:
            return self.probabilities(tf.constant(block)).numpy()

        return of_block(logits) if isinstance(logits, np.ndarray) else logits.then(of_block)

    def kept(self, labels: Labels, probabilities: Rows) -> Any:
        """What is kept of probabilities [N, num_classes], with which all that follows here is told.

        Of examples with these labels: all of them, or a head's own stand-in for many.
        """
        return np.asarray(probabilities)

    def predicted(self, probabilities: np.ndarray) -> list[str]:
        """Probabilities [N, num_classes] -> the label predicted for each example, as it would be written."""
        raise NotImplementedError

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities [N, num_classes] -> how probable what was predicted is, [N]."""
        raise NotImplementedError

    def evidence(self, logits: tf.Tensor) -> tf.Tensor | None:
        """Float32 [B]: what in logits [B, num_classes] speaks for an image of one of the classes.

        None of a head for which an image of no class is as good as any.
        """
        return None

    def metrics(self, labels: Labels, probabilities: np.ndarray) -> dict[str, object]:
        """Encoded labels [N, ...] and probabilities [N, num_classes] of all examples -> figures by name.

        Among them are those of the row in HEADS, average_loss always, and count. One example at least must
        have a label.
        """
        raise NotImplementedError

    def headline(self, figures: Mapping[str, Any], split: str = "", task: str = "") -> str:
        """One line about the figures of a split, with the names of split and task where they are given."""
        raise NotImplementedError

    def label_facts(self, labels: Sequence[str | None], trained_on: Sequence[bool]) -> dict[str, Any]:
        """What data_report.json says of labels as written; `trained_on`: whether each is of train."""
        raise NotImplementedError

    @classmethod
    def facts_line(cls, facts: Mapping[str, Any]) -> str:
        """The same in words: a sentence or two."""
        raise NotImplementedError

    def right(self, labels: Labels, probabilities: np.ndarray) -> np.ndarray:
        """Whether what is predicted is what the label says, bool [N]; not, where there is no label."""
        raise NotImplementedError

    def certainties(self, labels: Labels, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How sure each known judgement is, [M] in [0, 1], and whether it is right, bool [M]."""
        raise NotImplementedError

    def detections(
        self, labels: Labels, probabilities: np.ndarray
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By class whether it is there, bool [M], and its probability; of classes that are found alone."""
        return {}

    def losses(self, labels: Labels, logits: Rows) -> np.ndarray:
        """Float32 [N]: the loss of each example at the temperature, 0 without a label."""
        parts = []
        for rows, block in row_blocks(logits):
            scaled = self.tempered(tf.constant(block), np.float32(self.temperature))
            parts.append(self.loss(self.targets(tf.constant(labels[rows])), scaled).numpy())
        return np.concatenate(parts)

    def scores(self, metric: Metric, labels: Labels, logits: Rows, probabilities: Any) -> np.ndarray:
        """Float32 [N], higher is better: what each labelled example adds to a figure, by which models differ.

        Minus its loss where a lower figure is better, else whether it is right.
        """
        if metric.higher_is_better:
            return self.right(labels, probabilities).astype(np.float32)
        return -self.losses(labels, logits)

    def doubts(self, labels: Labels, probabilities: Rows) -> Doubts:
        """How far out-of-sample probabilities contradict encoded labels; every example has a label."""
        raise NotImplementedError

    def example_weights(self, labels: Labels, class_weights: str) -> np.ndarray:
        """Weights [N] of mean 1: all equal for "none"; "balanced" as the head understands it."""
        raise NotImplementedError

    def trained_on(self, labels: Labels, class_weights: str) -> Self:
        """The head whose loss is trained with: where class weights are no weights of examples."""
        return self

    def calibrated(self, labels: Labels, logits: Rows) -> Self:
        """The head at the temperature that makes these labels most probable (Guo et al. 2017)."""
        known = np.flatnonzero(self.labelled(labels))
        known = known[:: -(-len(known) * self.num_classes // CALIBRATED_ON) or 1]
        targets, logits = self.targets(tf.constant(labels[known])), tf.constant(np.asarray(logits[known]))

        def surprise(log_temperature: float) -> float:
            losses = self.loss(targets, self.tempered(logits, np.float32(np.exp(log_temperature))))
            return float(tf.reduce_sum(losses)) + DRAWN_TO_1 * log_temperature**2

        bounds = (np.log(COLDEST), np.log(HOTTEST))
        found = minimize_scalar(surprise, bounds=bounds, method="bounded").x if len(known) else 0.0
        return self.replaced(temperature=round(float(np.exp(found)), 6))

    def decided(self, labels: Labels, probabilities: Rows) -> Self:
        """The head that predicts best on these examples, where there is something to decide."""
        return self

    def settings(self) -> Mapping[str, Any]:
        """What was decided after training, as JSON takes it: arguments beyond class_names."""
        return {} if self.temperature == 1.0 else {"temperature": self.temperature}

    def replaced(self, **settings: Any) -> Self:
        """The head with other settings."""
        return type(self)(self.class_names, **{**self.settings(), **settings})
