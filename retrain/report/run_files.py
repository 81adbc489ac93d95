"""The files of a run's directory, for programs, each written beside and renamed.

config.json, run.flags, labels.txt, skipped.csv, predictions.csv and metrics.json.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from retrain.data.examples import TASK
from retrain.files import write_text
from retrain.heads.head import Head

# What a figure is called inside Estimator.evaluate, and stands once for the whole run here.
GLOBAL_STEP = "global_step"


def write_settings(directory: str, config_json: str, run_flags: str) -> None:
    """What the run was asked to do, and the flagfile that repeats it."""
    write_text(os.path.join(directory, "config.json"), config_json)
    write_text(os.path.join(directory, "run.flags"), run_flags)


def write_labels(directory: str, class_names: Sequence[str]) -> None:
    """One class name a line; line = index."""
    write_text(os.path.join(directory, "labels.txt"), "".join(f"{name}\n" for name in class_names))


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
    directory: str, examples: pd.DataFrame, head: Head, probabilities: np.ndarray
) -> pd.DataFrame:
    """Columns path, label, predicted, probability (of what was predicted), split; a row an example."""
    table = examples[["path", TASK]].assign(
        predicted=head.predicted(probabilities),
        probability=probabilities.max(axis=1).round(6),
        split=examples["split"],
    )
    write_table(os.path.join(directory, "predictions.csv"), table)
    return table


def write_table(path: str, table: pd.DataFrame) -> None:
    """A CSV file with a header."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
