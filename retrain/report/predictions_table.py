"""predictions.csv: a row an example, what it is and what was predicted."""

from typing import Any

import pandas as pd

from retrain.csv_text import csv_text
from retrain.files import write_text
from retrain.report.outcome import Outcome
from retrain.report.prediction_columns import familiarity_column, predicted_columns


def write(outcome: Outcome, path: str) -> None:
    """Columns path, split, label, predicted, probability (of what was predicted).

    With several tasks there are columns TASK, predicted/TASK and probability/TASK of each. The last one is
    familiarity, where the classifier tells it; it is empty for images of training.
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


def write_table(path: str, table: pd.DataFrame) -> None:
    """A CSV file with a header."""
    write_text(path, csv_text(table))
