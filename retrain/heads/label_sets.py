"""Figures of merit where an example has any number of classes, and the thresholds that make them best.

Labels are float [N, C]: 1, 0, or nan where nothing is known, which counts nowhere; every row knows something.
An F1 of classes, or of an example, that has nothing to find and finds nothing is 0 for a class, as in
scikit-learn, and 1 for an example, which is predicted rightly.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support, roc_auc_score

from retrain.heads.metrics import expected_calibration_error, wilson_interval

TINY = 1e-7  # a certain mistake costs much, but not infinitely much
DIGITS = 6


def orthogonal_classes(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str], thresholds: np.ndarray
) -> dict[str, object]:
    """Labels and probabilities [N, C], N > 0 -> figures of all classes and of each.

    An example is right (accuracy, exact_match) when all its known classes are. The average precision and the
    AUC of a class need an example with it and one without; means are over the classes that have them.
    """
    known = ~np.isnan(labels)
    there = np.where(known, labels, 0.0).astype(bool)
    predicted = (probabilities >= thresholds) & known
    wrong = predicted != there
    exact = int(np.count_nonzero(~wrong.any(axis=1)))
    classes = _by_class(
        known, there, predicted, probabilities=probabilities, class_names=class_names, thresholds=thresholds
    )
    sure = np.where(probabilities >= 0.5, probabilities, 1.0 - probabilities)
    return {
        "accuracy": exact / len(labels),
        "accuracy_interval": wilson_interval(exact, len(labels)),
        "average_loss": _average_loss(known, there, probabilities),
        "count": len(labels),
        "exact_match": exact / len(labels),
        "hamming_loss": float(wrong.sum() / known.sum()),
        **_f1(there, predicted, ""),
        **_f1(there, (probabilities >= 0.5) & known, "_at_0.5"),
        "mean_average_precision": _mean(classes, "average_precision"),
        "auc": _mean(classes, "auc"),
        "expected_calibration_error": expected_calibration_error(
            sure[known], ((probabilities >= 0.5) == there)[known]
        ),
        "classes": classes,
    }


def best_thresholds(labels: np.ndarray, probabilities: np.ndarray, otherwise: float) -> list[float]:
    """For each class the threshold with the highest F1, `otherwise` where no example has the class.

    Thresholds lie half way between two probabilities; of equally good ones the nearest to `otherwise` counts.
    """
    found = []
    for of_class, scores in zip(labels.T, probabilities.T, strict=True):
        known = ~np.isnan(of_class)
        found.append(_best_threshold(of_class[known] == 1.0, scores[known].astype(float), otherwise))
    return found


def _best_threshold(there: np.ndarray, scores: np.ndarray, otherwise: float) -> float:
    if not there.any():
        return otherwise
    order = np.argsort(-scores)
    ordered, hits = scores[order], np.cumsum(there[order])
    between = 0.5 * (ordered + np.append(ordered[1:], 0.0))
    f1 = 2.0 * hits / (np.arange(1, len(scores) + 1) + there.sum())
    possible = ordered > np.append(ordered[1:], -1.0)  # no threshold tells apart what is equally probable
    at_otherwise = np.count_nonzero(scores >= otherwise)
    if at_otherwise and f1[at_otherwise - 1] >= f1[possible].max():
        return otherwise
    best = between[possible & (f1 == f1[possible].max())]
    return round(float(best[np.abs(best - otherwise).argmin()]), DIGITS)


def _average_loss(known: np.ndarray, there: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over examples of the mean over their known classes."""
    right = np.clip(np.where(there, probabilities, 1.0 - probabilities.astype(float)), TINY, 1.0)
    return float(np.mean((-np.log(right) * known).sum(axis=1) / known.sum(axis=1)))


def _f1(there: np.ndarray, predicted: np.ndarray, suffix: str) -> dict[str, float]:
    # What is not known is in neither, and F1 does not count what is in neither.
    def binary(truth: np.ndarray, guess: np.ndarray) -> float:
        return float(f1_score(truth, guess, zero_division=0))

    # With a column that is never there, because a single one would be taken for two exclusive classes.
    wider = [np.pad(values, [(0, 0), (0, 1)]) for values in (there, predicted)]
    return {
        f"micro_f1{suffix}": binary(there.ravel(), predicted.ravel()),
        f"macro_f1{suffix}": float(
            np.mean([binary(*pair) for pair in zip(there.T, predicted.T, strict=True)])
        ),
        f"sample_f1{suffix}": float(f1_score(*wider, average="samples", zero_division=1)),
    }


def _by_class(
    known: np.ndarray,
    there: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    thresholds: np.ndarray,
) -> dict[str, dict[str, float | int | None]]:
    figures = {}
    for index, name in enumerate(class_names):
        asked = known[:, index]
        labels, scores = there[asked, index], probabilities[asked, index]
        precision, recall, f1, _ = precision_recall_fscore_support(
            there[:, index], predicted[:, index], average="binary", zero_division=0
        )
        both = labels.any() and not labels.all()
        figures[name] = {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "count": int(labels.sum()),
            "threshold": float(thresholds[index]),
            "average_precision": float(average_precision_score(labels, scores)) if both else None,
            "auc": float(roc_auc_score(labels, scores)) if both else None,
        }
    return figures


def _mean(classes: dict[str, dict[str, float | int | None]], key: str) -> float | None:
    values = [figures[key] for figures in classes.values() if figures[key] is not None]
    return float(np.mean(values)) if values else None
