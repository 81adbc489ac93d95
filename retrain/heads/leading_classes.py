"""The most probable classes of examples, in place of the probabilities of many: made without TensorFlow.

A run tells of each image what it is taken for, how probable that is, a few other classes, and how probable
its label is. Of ten thousand classes that is a thousandth of all probabilities.
"""

from typing import NamedTuple, Self

import numpy as np

from retrain.heads.computed_rows import ComputedRows, row_blocks

TOP_K = 5


class LeadingClasses(NamedTuple):
    """Stands in for probabilities [N, C] of exclusive classes, of examples with labels.

    Attributes:
      classes, values: [N, TOP_K], the most probable classes, the first of several that are equally so ahead,
        and their probabilities.
      of_label: float64 [N], the share that the label has of the sum of all.
      is_leading: bool [N], whether the label is among the TOP_K.
      num_classes: C.
    """

    classes: np.ndarray
    values: np.ndarray
    of_label: np.ndarray
    is_leading: np.ndarray
    num_classes: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.classes), self.num_classes

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, rows: slice | np.ndarray) -> Self:
        *arrays, num_classes = tuple(self)
        return type(self)(*(values[rows] for values in arrays), num_classes)

    def argmax(self, axis: int) -> np.ndarray:
        """Of each row, the column of the highest."""
        return self.classes[:, 0]

    def max(self, axis: int) -> np.ndarray:
        """Of each row, the highest."""
        return self.values[:, 0]


def leading_classes(labels: np.ndarray, probabilities: ComputedRows) -> LeadingClasses:
    """Of encoded labels, int [N], and probabilities [N, C], some rows at a time."""
    parts = []
    for rows, block in row_blocks(probabilities):
        of = labels[rows]
        parts.append((*most_probable(block, TOP_K), share_of_label(of, block), is_leading(of, block)))
    return LeadingClasses(*map(np.concatenate, zip(*parts, strict=True)), probabilities.shape[1])


def most_probable(probabilities: np.ndarray | LeadingClasses, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` most probable classes [N, count], or all where there are fewer, and their probabilities."""
    if isinstance(probabilities, LeadingClasses):
        return probabilities.classes[:, :count], probabilities.values[:, :count]
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count].copy()  # not a view of them all
    return order, np.take_along_axis(probabilities, order, axis=1)


def share_of_label(labels: np.ndarray, probabilities: np.ndarray | LeadingClasses) -> np.ndarray:
    """Float64 [N]: what the label has of the sum of all, which is 1 but for rounding."""
    if isinstance(probabilities, LeadingClasses):
        return probabilities.of_label
    return probabilities[np.arange(len(labels)), labels] / probabilities.sum(axis=1, dtype=np.float64)


def is_leading(labels: np.ndarray, probabilities: np.ndarray | LeadingClasses) -> np.ndarray:
    """Bool [N]: whether the label is among the TOP_K most probable."""
    if isinstance(probabilities, LeadingClasses):
        return probabilities.is_leading
    count = min(TOP_K, probabilities.shape[1])
    best = np.argpartition(probabilities, -count, axis=1)[:, -count:]
    return (best == labels[:, None]).any(axis=1)
