"""The rows of the table that predict writes, whatever computed the probabilities: without TensorFlow."""

import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.commands.predict.check import PredictPlan
from retrain.errors import InputError
from retrain.extensions import named
from retrain.files import new_file
from retrain.heads.answers import Answers
from retrain.printable import printable, say
from retrain.report.prediction_columns import (
    class_columns,
    familiarity_column,
    predicted_columns,
    top_columns,
)
from retrain.report.table_writers import separated
from retrain.settings.results import ResultSettings

UNKNOWN = "?"  # the class of an image that is like none that the classifier knows


class Familiarity(NamedTuple):
    """How familiar images are, [N]; below the threshold one is like none that the classifier knows."""

    values: np.ndarray
    threshold: float

    @property
    def is_below(self) -> np.ndarray:
        """Bool [N]."""
        return self.values < self.threshold


def answer_columns(
    heads: Mapping[str, Answers],
    probabilities: Mapping[str, np.ndarray],
    familiarity: Familiarity | None,
    results: ResultSettings,
) -> dict[str, Any]:
    """What is predicted for each task of its probabilities [N, C], and how probable classes are."""
    columns: dict[str, Any] = {}
    for task, of_task in probabilities.items():
        head, suffix = heads[task], f"/{task}" if len(heads) > 1 else ""
        columns |= predicted_columns(head, of_task, "class", suffix)
        if results.reject_unfamiliar:
            columns[f"class{suffix}"] = np.where(familiarity.is_below, UNKNOWN, columns[f"class{suffix}"])
        if results.all_classes:
            columns |= class_columns(head, of_task, suffix)
        elif results.top_k is not None:
            columns |= top_columns(head, of_task, results.top_k, suffix)
    return columns | familiarity_column(None if familiarity is None else familiarity.values)


def write(plan: PredictPlan, blocks: Iterator[pd.DataFrame]) -> None:
    """Into --output, or to the terminal."""
    if plan.output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # As in files, whatever the locale: it may know no letters but those of English.
            sys.stdout.reconfigure(encoding="utf-8")
        shown = printable if sys.stdout.isatty() else str
        for text in separated(blocks, "\t"):
            print(shown(text), end="")
        return
    with new_file(plan.output) as file:
        named(plan.table.write)(blocks, file)


def tell_skipped(paths: Sequence[str], skipped: Mapping[int, str]) -> None:
    """Names what is no image, and counts it by its reason; InputError where nothing else is left."""
    for row, reason in skipped.items():
        logging.warning("%r is skipped: %s.", paths[row], reason)
    if len(skipped) == len(paths):
        raise InputError(f"None of the {len(paths)} files is an image that can be decoded.")
    if skipped:
        counts = Counter(skipped.values()).most_common()
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts)
        logging.warning("Skipped: %d of %d files (%s).", len(skipped), len(paths), reasons)


def tell(plan: PredictPlan, count: int) -> None:
    """Says where they are."""
    if plan.output is not None:
        what = "feature vectors" if plan.config.results.features else "predictions"
        say(f"{count} {what} are in {plan.output}")
