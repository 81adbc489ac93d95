"""Figures of merit over all examples of a split at once, from their labels and probabilities.

Keys are those of tf.estimator where it had them. Every example counts once.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)

from retrain.heads.leading_classes import TOP_K, LeadingClasses, is_leading, share_of_label

Probabilities = np.ndarray | LeadingClasses  # [N, C], or what stands in for those of many classes

MATRIX = 1000  # classes, of which a matrix has a million cells; of more, what was confused is listed
CALIBRATION_BINS = 15  # as in Guo et al. 2017
NORMAL_95 = 1.959964  # the 97.5 % point of the normal distribution


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
    return {
        **_totals(labels, probabilities),
        "classes": _by_class(labels, predicted, indices),
        **_confusion(labels, predicted, class_names),
    }


def _confusion(labels: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]) -> dict[str, object]:
    if len(class_names) <= MATRIX:
        matrix = confusion_matrix(labels, predicted, labels=range(len(class_names)))
        return {"confusion_matrix": matrix.tolist()}
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
    predicted = probabilities.argmax(axis=1)
    return {**_totals(labels, probabilities), "classes": _by_class(labels, predicted, indices)}


def _totals(labels: np.ndarray, probabilities: Probabilities) -> dict[str, object]:
    """The figures over all classes together."""
    num_classes, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    correct = int(np.count_nonzero(predicted == labels))
    figures: dict[str, object] = {
        "accuracy": correct / len(labels),
        "accuracy_interval": wilson_interval(correct, len(labels)),
        "average_loss": _log_loss(labels, probabilities),
        "count": len(labels),
        "balanced_accuracy": float(
            recall_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
        ),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "weighted_f1": float(f1_score(labels, predicted, average="weighted", zero_division=0)),
        "expected_calibration_error": expected_calibration_error(
            probabilities.max(axis=1), predicted == labels
        ),
    }
    if num_classes > TOP_K:
        figures[f"top_{TOP_K}_accuracy"] = float(np.mean(is_leading(labels, probabilities)))
    return figures


def _by_class(labels: np.ndarray, predicted: np.ndarray, indices: Mapping[str, int]) -> dict[str, object]:
    """Precision, recall, F1 and count of each class of that name and index."""
    rows = precision_recall_fscore_support(labels, predicted, labels=list(indices.values()), zero_division=0)
    keys, kinds = ("precision", "recall", "f1", "count"), (float, float, float, int)
    return {
        name: {key: kind(value) for key, kind, value in zip(keys, kinds, row, strict=True)}
        for name, *row in zip(indices, *rows, strict=True)
    }


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
