"""The files of a run's directory, for programs, each written beside and renamed.

config.json, run.flags, labels.txt, skipped.csv, predictions.csv and metrics.json.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from retrain.files import write_text
from retrain.heads.head import Head

# What a figure is called inside Estimator.evaluate, and stands once for the whole run here.
GLOBAL_STEP = "global_step"


def write_settings(directory: str, config_json: str, run_flags: str) -> None:
    """What the run was asked to do, and the flagfile that repeats it, which says that a run has begun."""
    write_text(os.path.join(directory, "run.flags"), run_flags)
    write_text(os.path.join(directory, "config.json"), config_json)


def write_labels(directory: str, heads: Mapping[str, Head]) -> None:
    """One class name a line; line = index; labels.txt of the first task, labels.TASK.txt of the others."""
    for position, (task, head) in enumerate(heads.items()):
        name = f"labels.{task}.txt" if position else "labels.txt"
        write_text(os.path.join(directory, name), "".join(f"{label}\n" for label in head.class_names))


def write_skipped(directory: str, skipped: pd.DataFrame) -> None:
    """Columns path and reason; a header alone when nothing was skipped."""
    write_table(os.path.join(directory, "skipped.csv"), skipped)


def write_metrics(
    directory: str, figures: Mapping[str, Mapping[str, Any]], global_step: int | None = None
) -> None:
    """Figures by split, and the step of the head they are of, where that is known."""
    content: dict[str, Any] = {
        split: {key: value for key, value in of.items() if key != GLOBAL_STEP}
        for split, of in figures.items()
    }
    if global_step is not None:
        content[GLOBAL_STEP] = global_step
    write_text(
        os.path.join(directory, "metrics.json"), json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    )


def write_predictions(
    directory: str, examples: pd.DataFrame, heads: Mapping[str, Head], probabilities: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Columns path, label, predicted, probability (of what was predicted), split; a row an example.

    With several tasks there are columns TASK, predicted/TASK and probability/TASK of each.
    """
    columns = {"path": examples["path"]}
    for task, head in heads.items():
        columns |= labelled_predictions(examples, task, head, probabilities[task], len(heads) > 1)
    table = pd.DataFrame({**columns, "split": examples["split"]})
    write_table(os.path.join(directory, "predictions.csv"), table)
    return table


def labelled_predictions(
    examples: pd.DataFrame, task: str, head: Head, probabilities: np.ndarray, named: bool
) -> dict[str, Any]:
    """The columns of one task, with its name in theirs, or without."""
    suffix = f"/{task}" if named else ""
    known = {task: examples[task]} if task in examples else {}
    return {
        **known,
        f"predicted{suffix}": head.predicted(probabilities),
        f"probability{suffix}": head.confidence(probabilities).round(6),
    }


def write_table(path: str, table: pd.DataFrame) -> None:
    """A CSV file with a header."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
