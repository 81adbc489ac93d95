"""predictions.csv: a row an example, what it is and what was predicted."""

from typing import Any

import pandas as pd

from retrain.files import write_text
from retrain.report.outcome import Outcome


def write(outcome: Outcome, path: str) -> None:
    """Columns path, label, predicted, probability (of what was predicted), split.

    With several tasks there are columns TASK, predicted/TASK and probability/TASK of each.
    """
    columns = {"path": outcome.examples.paths}
    for task in outcome.heads:
        columns |= task_columns(outcome, task, outcome.suffix(task))
    write_table(path, pd.DataFrame({**columns, "split": outcome.examples.splits}))


def task_columns(outcome: Outcome, task: str, suffix: str = "") -> dict[str, Any]:
    """The columns of one task: its labels, where they are known, and what its head predicts."""
    head, probabilities = outcome.heads[task], outcome.probabilities[task]
    known = {task: outcome.examples.tasks[task].cells} if task in outcome.examples.tasks else {}
    return {
        **known,
        f"predicted{suffix}": head.predicted(probabilities),
        f"probability{suffix}": head.confidence(probabilities).round(6),
    }


def write_table(path: str, table: pd.DataFrame) -> None:
    """A CSV file with a header."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
