"""Confident learning (Northcutt et al. 2021): which labels contradict out-of-sample probabilities.

Some classes are surer of their own examples than others: each probability is taken relative to the mean
probability of the class over the examples that are labelled so. A label is in doubt when another class is at
least as probable as it usually is for its own, and more probable than not: a head that knows nothing doubts
nothing.
"""

from typing import NamedTuple

import numpy as np

from retrain.heads.computed_rows import Rows, row_blocks


class Doubts(NamedTuple):
    """Of each example.

    Attributes:
      probability: [N], of the label as given.
      support: [N], the same relative to what is usual for each class, from 0 to 1: the lowest is the worst.
      suggested: the label that is most likely so.
      in_doubt: bool [N].
    """

    probability: np.ndarray
    support: np.ndarray
    suggested: list[str]
    in_doubt: np.ndarray


LEAST = np.finfo(np.float32).tiny


def doubted(labels: np.ndarray, probabilities: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices int [N] and probabilities [N, C] of exclusive classes -> support, suggestions, in doubt."""
    given, usual = of_labels(labels, probabilities), np.full(probabilities.shape[1], np.inf)
    for index in np.unique(labels):
        usual[index] = max(given[labels == index].mean(), LEAST)
    parts = [_against(usual, labels[rows], block) for rows, block in row_blocks(probabilities)]
    support, suggested, in_doubt = map(np.concatenate, zip(*parts, strict=True))
    return support, suggested, in_doubt


def of_labels(labels: np.ndarray, probabilities: Rows) -> np.ndarray:
    """[N]: how probable the label of each example is."""
    parts = [block[np.arange(len(block)), labels[rows]] for rows, block in row_blocks(probabilities)]
    return np.concatenate(parts)


def _against(
    usual: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    relative = probabilities / usual
    support = relative[np.arange(len(labels)), labels] / np.maximum(relative.sum(axis=1), LEAST)
    sure = np.where(probabilities >= np.maximum(usual, 0.5), probabilities, 0.0)
    in_doubt = sure.any(axis=1) & (sure.argmax(axis=1) != labels)
    return support, relative.argmax(axis=1), in_doubt
