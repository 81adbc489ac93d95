"""The columns of a table that say what is predicted, and how probable it is: made without TensorFlow."""

from collections import Counter
from typing import Any

import numpy as np

from retrain.heads.answers import Answers
from retrain.heads.leading_classes import LeadingClasses, most_probable

DECIMALS = 6  # of a probability
FAMILIARITY = "familiarity"


def predicted_columns(
    head: Answers, probabilities: np.ndarray, called: str, suffix: str = ""
) -> dict[str, Any]:
    """What a head predicts of probabilities [N, C], in a column `called` so, and how probable that is."""
    return {
        f"{called}{suffix}": head.predicted(probabilities),
        f"probability{suffix}": _rounded(head.confidence(probabilities)),
    }


def familiarity_column(familiarity: np.ndarray | None) -> dict[str, Any]:
    """How familiar the images are, [N], where that is known."""
    return {} if familiarity is None else {FAMILIARITY: _rounded(familiarity)}


def top_columns(
    head: Answers, probabilities: np.ndarray | LeadingClasses, count: int, suffix: str = ""
) -> dict[str, Any]:
    """The `count` most probable classes, or all where there are fewer, from class_1 and probability_1 on."""
    classes, values = most_probable(probabilities, count)
    names, columns = np.asarray(head.class_names, object), {}
    for place, (of_place, values_of_place) in enumerate(zip(classes.T, values.T, strict=True), 1):
        columns[f"class_{place}{suffix}"] = names[of_place]
        columns[f"probability_{place}{suffix}"] = _rounded(values_of_place)
    return columns


def class_columns(head: Answers, probabilities: np.ndarray, suffix: str = "") -> dict[str, Any]:
    """The probability of each class, probability/CLASS; two classes of one name have their index, too."""
    counts = Counter(head.class_names)
    names = [
        name if counts[name] == 1 else f"{name} ({index})" for index, name in enumerate(head.class_names)
    ]
    return {
        f"probability{suffix}/{name}": _rounded(values)
        for name, values in zip(names, probabilities.T, strict=True)
    }


def _rounded(values: np.ndarray) -> np.ndarray:
    # In double precision, or JSON would show what single precision makes of a decimal fraction.
    return values.astype(np.float64).round(DECIMALS)
