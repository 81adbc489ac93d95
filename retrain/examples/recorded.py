"""examples.csv in a run's directory: the images a run began with, and the split of each, for when it goes on.

Columns path, split, size (bytes of the file) and the label of each task, in the order in which the run knows
them. Images that were added to the folder meanwhile are left out; one that is missing or another is an error.
"""

import os
from collections.abc import Sequence

import pandas as pd
from absl import logging

from retrain.errors import InputError
from retrain.files import write_text

EXAMPLES = "examples.csv"


def record_examples(run: str, examples: pd.DataFrame, tasks: Sequence[str]) -> None:
    """Writes down the examples, whose splits are decided."""
    columns = examples[["path", "split", "size", *(task for task in tasks if task in examples)]]
    write_text(os.path.join(run, EXAMPLES), columns.to_csv(index=False, lineterminator="\n"))


def as_recorded(run: str, examples: pd.DataFrame) -> pd.DataFrame | None:
    """The examples that the run in this directory began with, in their order and split.

    None where it has yet to begin. What the table says beside path, split, size and labels is as it is now.
    """
    try:
        recorded = pd.read_csv(os.path.join(run, EXAMPLES), dtype=str, keep_default_na=False)
    except FileNotFoundError:
        return None
    rows = pd.Index(examples["path"]).get_indexer(recorded["path"])
    _check(run, recorded["path"][rows < 0].tolist(), "gone")
    found = examples.iloc[rows].reset_index(drop=True)
    checked = recorded.columns.difference(["path", "split"])
    same = (found[checked].astype(object).fillna("").astype(str) == recorded[checked]).all(axis=1)
    _check(run, recorded["path"][~same].tolist(), "not what they were")
    if len(examples) > len(found):
        logging.info("%d images that came after the run's begin are left out.", len(examples) - len(found))
    return found.assign(split=recorded["split"].astype(examples["split"].dtype))


def check_readable(run: str, skipped: Sequence[str]) -> None:
    """Raises InputError when images that could be decoded at the run's begin no longer can."""
    _check(run, skipped, "damaged")


def _check(run: str, paths: Sequence[str], what: str) -> None:
    if paths:
        raise InputError(
            f"{len(paths)} of the images that the run in {run!r} began with are {what}, such as "
            f"{paths[0]!r}: put them back to go on, or start a new run in another --model_dir."
        )
