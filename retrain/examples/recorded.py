"""examples.csv in a run's directory: the images a run began with, and the split of each, for when it goes on.

Columns path, split, size (bytes of the file), content_hash and the label of each task, in the order in which
the run knows them. Images that were added to the folder meanwhile are left out; one that is missing or
another is an error.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence

import pandas as pd
from absl import logging

from retrain.csv_text import csv_text
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.examples.split_file import CONTENT, EXAMPLES
from retrain.files import write_text


def record_examples(run: str, examples: LabelledExamples) -> None:
    """Writes down the examples, whose splits are decided."""
    write_text(os.path.join(run, EXAMPLES), csv_text(_columns(examples)))


def data_fingerprint(examples: LabelledExamples) -> str:
    """SHA-256 of contents, splits and labels of the examples, wherever they lie and in whatever order."""
    columns = _columns(examples).drop(columns=["path", "size"]).fillna("")
    text = csv_text(columns.sort_values(list(columns)))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def as_recorded(run: str, examples: LabelledExamples) -> tuple[LabelledExamples, dict[str, str]] | None:
    """The examples that the run in this directory began with, in their order, and path -> the split of then.

    None where it has yet to begin. Groups and weights are as they are now.
    """
    recorded = _recorded(os.path.join(run, EXAMPLES), examples.tasks)
    if recorded is None:
        return None
    rows = pd.Index(examples.paths).get_indexer(recorded["path"])
    _check(run, recorded["path"][rows < 0].tolist(), "gone")
    found = examples.rows(rows)
    checked = recorded.columns.difference(["path", "split", CONTENT])
    now = _columns(found)[checked].astype(object).fillna("").astype(str)
    same = (now == recorded[checked]).all(axis=1)
    _check(run, recorded["path"][~same].tolist(), "not what they were")
    if len(examples) > len(found):
        logging.info("%d images that came after the run's begin are left out.", len(examples) - len(found))
    return found, dict(zip(recorded["path"], recorded["split"], strict=True))


def _recorded(path: str, tasks: Iterable[str]) -> pd.DataFrame | None:
    """What stands in the file, where there is one."""
    known = {"path", "split", "size", CONTENT, *tasks}
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if not {"path", "split"} <= set(table) <= known:
            raise ValueError(f"its columns are {', '.join(map(repr, table))}")
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(
            f"{path!r} was expected to hold the images that this run began with, but cannot be read "
            f"({' '.join(str(error).split())}): start a new run in another --model_dir."
        ) from error
    return table


def check_readable(run: str, skipped: Sequence[str]) -> None:
    """Raises InputError when images that could be decoded at the run's begin no longer can."""
    _check(run, skipped, "damaged")


def _columns(examples: LabelledExamples) -> pd.DataFrame:
    labels = {name: pd.Series(task.cells, dtype=object) for name, task in examples.tasks.items()}
    known = examples.table[["path", "split", "size", "content"]]
    return known.rename(columns={"content": CONTENT}).assign(**labels)


def _check(run: str, paths: Sequence[str], what: str) -> None:
    if paths:
        raise InputError(
            f"{len(paths)} of the images that the run in {run!r} began with are {what}, such as "
            f"{paths[0]!r}: put them back to go on, or start a new run in another --model_dir."
        )
