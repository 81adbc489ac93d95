"""The columns of predictions, and predictions.csv: a row an example, what it is and what was predicted."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from retrain.familiarity import FAMILIARITY
from retrain.files import write_text
from retrain.heads.head import Head
from retrain.report.outcome import Outcome
from retrain.report.table_writers import csv_text

DECIMALS = 6  # of a probability


def write(outcome: Outcome, path: str) -> None:
    """Columns path, split, label, predicted, probability (of what was predicted).

    With several tasks there are columns TASK, predicted/TASK and probability/TASK of each. Of an evaluation
    the last one is familiarity, where the classifier tells it.
    """
    columns = {"path": outcome.examples.paths, "split": outcome.examples.splits}
    for task in outcome.heads:
        columns |= task_columns(outcome, task, outcome.suffix(task))
    columns |= familiarity_column(outcome.familiarity)
    write_table(path, pd.DataFrame(columns))


def task_columns(outcome: Outcome, task: str, suffix: str = "") -> dict[str, Any]:
    """The columns of one task: its labels, where they are known, and what its head predicts."""
    head, probabilities = outcome.heads[task], outcome.probabilities[task]
    known = {task: outcome.examples.tasks[task].cells} if task in outcome.examples.tasks else {}
    return {
        **known,
        **predicted_columns(head, probabilities, "predicted", suffix),
    }


def predicted_columns(head: Head, probabilities: np.ndarray, called: str, suffix: str = "") -> dict[str, Any]:
    """What a head predicts of probabilities [N, C], in a column `called` so, and how probable that is."""
    return {
        f"{called}{suffix}": head.predicted(probabilities),
        f"probability{suffix}": _rounded(head.confidence(probabilities)),
    }


def familiarity_column(familiarity: np.ndarray | None) -> dict[str, Any]:
    """How familiar the images are, [N], where that is known."""
    return {} if familiarity is None else {FAMILIARITY: _rounded(familiarity)}


def top_columns(head: Head, probabilities: np.ndarray, count: int, suffix: str = "") -> dict[str, Any]:
    """The `count` most probable classes, or all where there are fewer, from class_1 and probability_1 on."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
    names, columns = np.asarray(head.class_names, object), {}
    for place, classes in enumerate(order.T, 1):
        values = np.take_along_axis(probabilities, classes[:, None], axis=1)[:, 0]
        columns[f"class_{place}{suffix}"] = names[classes]
        columns[f"probability_{place}{suffix}"] = _rounded(values)
    return columns


def class_columns(head: Head, probabilities: np.ndarray, suffix: str = "") -> dict[str, Any]:
    """The probability of each class, probability/CLASS; two classes of one name have their index, too."""
    counts = Counter(head.class_names)
    names = [
        name if counts[name] == 1 else f"{name} ({index})" for index, name in enumerate(head.class_names)
    ]
    return {
        f"probability{suffix}/{name}": _rounded(values)
        for name, values in zip(names, probabilities.T, strict=True)
    }


def write_table(path: str, table: pd.DataFrame) -> None:
    """A CSV file with a header."""
    write_text(path, csv_text(table))


def _rounded(values: np.ndarray) -> np.ndarray:
    # In double precision, or JSON would show what single precision makes of a decimal fraction.
    return values.astype(np.float64).round(DECIMALS)
