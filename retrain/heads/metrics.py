"""Figures of merit over all examples of a split at once, from their labels and probabilities.

Keys are those of tf.estimator where it had them. Every example counts once.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from retrain.heads.leading_classes import TOP_K, LeadingClasses, is_leading, share_of_label

Probabilities = np.ndarray | LeadingClasses  # [N, C], or what stands in for those of many classes

MATRIX = 1000  # classes, of which a matrix has a million cells; of more, what was confused is listed
CALIBRATION_BINS = 15  # as in Guo et al. 2017
NORMAL_95 = 1.959964  # the 97.5 % point of the normal distribution


class _Rates(NamedTuple):
    """Of each class [C]; 0 where there is nothing to divide by. `there`: it is a label, or predicted."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    count: np.ndarray
    there: np.ndarray


def _rates(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> _Rates:
    right, taken, count = (
        np.bincount(of, minlength=num_classes) for of in (labels[labels == predicted], predicted, labels)
    )
    either = taken + count
    return _Rates(
        right / np.maximum(taken, 1),
        right / np.maximum(count, 1),
        2 * right / np.maximum(either, 1),
        count,
        either > 0,
    )


def exclusive_classes(
    labels: np.ndarray, probabilities: Probabilities, class_names: Sequence[str]
) -> dict[str, object]:
    """Labels int [N], probabilities [N, C], N > 0 -> accuracy, its interval, loss, and figures by class.

    `confusion_matrix[i][j]` counts examples of class i that were predicted as class j. For more than MATRIX
    classes there are `confusions` instead: a label, another class that was predicted, and how often. The
    top-5 accuracy is given when there are more than 5 classes.
    """
    indices = dict(zip(class_names, range(len(class_names)), strict=True))
    predicted = probabilities.argmax(axis=1)
    rates = _rates(labels, predicted, probabilities.shape[1])
    return {
        **_totals(labels, probabilities, rates),
        "classes": _by_class(rates, indices),
        **_confusion(labels, predicted, class_names),
    }


def _confusion(labels: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]) -> dict[str, object]:
    if len(class_names) <= MATRIX:
        size = len(class_names)
        cells = np.bincount(labels * size + predicted, minlength=size * size)
        return {"confusion_matrix": cells.reshape(size, size).tolist()}
    wrong = labels != predicted
    pairs, counts = np.unique([labels[wrong], predicted[wrong]], axis=1, return_counts=True)
    found = zip(*pairs.astype(int).tolist(), counts.tolist(), strict=True)
    return {"confusions": [[class_names[label], class_names[taken], count] for label, taken, count in found]}


def some_of_many_classes(
    labels: np.ndarray, probabilities: Probabilities, indices: Mapping[str, int]
) -> dict[str, object]:
    """As exclusive_classes, for examples of few of the classes: figures of these only, and no matrix of all.

    `indices` names those that the examples are of.
    """
    rates = _rates(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    return {**_totals(labels, probabilities, rates), "classes": _by_class(rates, indices)}


def _totals(labels: np.ndarray, probabilities: Probabilities, rates: _Rates) -> dict[str, object]:
    """The figures over all classes together."""
    num_classes, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    correct = int(np.count_nonzero(predicted == labels))
    figures: dict[str, object] = {
        "accuracy": correct / len(labels),
        "accuracy_interval": wilson_interval(correct, len(labels)),
        "average_loss": _log_loss(labels, probabilities),
        "count": len(labels),
        "balanced_accuracy": float(rates.recall[rates.count > 0].mean()),
        "macro_f1": float(rates.f1[rates.there].mean()),
        "weighted_f1": float(np.average(rates.f1, weights=rates.count)),
        "expected_calibration_error": expected_calibration_error(
            probabilities.max(axis=1), predicted == labels
        ),
    }
    if num_classes > TOP_K:
        figures[f"top_{TOP_K}_accuracy"] = float(np.mean(is_leading(labels, probabilities)))
    return figures


def _by_class(rates: _Rates, indices: Mapping[str, int]) -> dict[str, object]:
    """Precision, recall, F1 and count of each class of that name and index."""
    of_each = {key: getattr(rates, key).tolist() for key in ("precision", "recall", "f1", "count")}
    return {name: {key: values[index] for key, values in of_each.items()} for name, index in indices.items()}


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """How far confidence [N] and the share that is right [N] differ, over 15 bins of equal width."""
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, confidence - right, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def wilson_interval(successes: int, count: int) -> list[float]:
    """The 95 % score interval of a proportion (Wilson 1927), [low, high]; sound for few and near 0 and 1."""
    z, share = NORMAL_95, successes / count
    scale = 1 + z * z / count
    centre = (share + z * z / (2 * count)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [max(0.0, centre - half), min(1.0, centre + half)]


def _log_loss(labels: np.ndarray, probabilities: Probabilities) -> float:
    """A probability that was rounded to 0 costs what the least of double precision would."""
    of_label = np.maximum(share_of_label(labels, probabilities), np.finfo(np.float64).eps)
    return float(-np.log(of_label).mean())
