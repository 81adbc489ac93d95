"""The labels in a table: which columns a task has, and what its cells say.

A cell may hold several labels, a separator between, or they stand in columns of their own, TASK:LABEL, with
yes or no in each. Nothing in a cell: not known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from absl import logging

from retrain.data.listing import NOT_KNOWN, SEPARATOR, Column
from retrain.errors import InputError
from retrain.extensions import nearest

SPLIT, GROUP, WEIGHT = "split", "group", "weight"
MEANINGS = {GROUP: "which images must share a split", WEIGHT: "what each image counts"}
CORRECTED = "corrected"  # in a run's label_issues.csv, to be filled in by the user
# Columns that the tables of a run have beside the tasks.
TAKEN = ("path", "split", "size", "content_hash", "mtime_ns", "reason", "predicted", "probability")
TAKEN_BY_TASK = ("predicted/", "probability/")
TRUTHS = {
    **dict.fromkeys(("1", "true", "yes", "1.0"), True),
    **dict.fromkeys(("0", "false", "no", "0.0"), False),
}


def check_column(path: str, table: pd.DataFrame, name: str, what: str) -> None:
    """InputError when the column that the user named is not there."""
    if name in table.columns:
        return
    closest = nearest(name, list(table.columns))
    advice = f"did you mean {closest!r}?" if closest else "name one of them."
    raise InputError(
        f"--labels_file={path!r} has no {what} {name!r}; its columns are "
        f"{', '.join(map(repr, table.columns))}: {advice}"
    )


def label_columns(
    path: str, table: pd.DataFrame, path_column: str, tasks: Mapping[str, bool]
) -> dict[str, list[str]]:
    """Task -> its column, or its columns TASK:LABEL; those that are named, in that order, or all."""
    found: dict[str, list[str]] = {}
    for name in table.columns:
        if name != path_column and (name in tasks or name not in (SPLIT, GROUP, WEIGHT)):
            task = name if name in tasks or ":" not in name else name.partition(":")[0]
            found.setdefault(task, []).append(name)
    for task in tasks:
        if task not in found:
            check_column(path, table, task, "column of labels")
    chosen = {task: found[task] for task in tasks} or found
    if not chosen:
        known = next((name for name in (GROUP, WEIGHT) if name in table.columns), None)
        advice = (
            f"if {known!r}, which says {MEANINGS[known]}, holds them, call it otherwise."
            if known
            else "add one for each task, or leave --labels_file out where folders are the classes."
        )
        raise InputError(f"--labels_file={path!r} has no column of labels beside {path_column!r}: {advice}")
    for task in chosen:
        if task in TAKEN or task.startswith(TAKEN_BY_TASK) or not task:
            raise InputError(
                f"--labels_file={path!r} has a column of labels {task!r}, a name that means something else "
                f"in the tables of a run: rename it, or choose others with --tasks."
            )
    return chosen


def read_column(path: str, columns: pd.DataFrame, task: str, may_be_several: bool, separator: str) -> Column:
    """The labels of a task, from its column or columns."""
    if columns.isna().all(axis=None):
        raise InputError(f"--labels_file={path!r} has no label at all in column {task!r}: fill it in.")
    if list(columns.columns) != [task]:
        return Column(_joined(path, columns), several=True)
    cells = columns[task]
    several = may_be_several and bool(cells.str.contains(separator, regex=False).any())
    if several and separator != SEPARATOR and cells.str.contains(SEPARATOR, regex=False).any():
        raise InputError(
            f"--labels_file={path!r} has labels with {SEPARATOR!r} in column {task!r}, which stands between "
            f"labels in the tables of a run: rename them."
        )
    if not several:
        return Column([None if cell is None else cell.strip() or None for cell in cells])
    parts = (None if cell is None else [part.strip() for part in cell.split(separator)] for cell in cells)
    joined = [None if part is None else SEPARATOR.join(filter(None, part)) for part in parts]
    _tell_not_known(path, task, joined)
    return Column(joined, several=True)


def _tell_not_known(path: str, task: str, cells: Sequence[str | None]) -> None:
    """In a line, where a label is marked as one of which it is not known whether the image has it."""
    labels = {label for cell in cells if cell for label in cell.split(SEPARATOR)}
    marked = sorted(label for label in labels if label.startswith(NOT_KNOWN))
    if NOT_KNOWN in marked:
        raise InputError(
            f"--labels_file={path!r} has {NOT_KNOWN!r} alone among labels in column {task!r}, but it stands "
            f"before a label of which it is not known whether the image has it: name the label, or leave it "
            f"out."
        )
    if marked:
        logging.info(
            "--labels_file=%r has labels behind %r in column %r, such as %r: of these it is not known "
            "whether the image has them.",
            path,
            NOT_KNOWN,
            task,
            marked[0],
        )


def _joined(path: str, columns: pd.DataFrame) -> list[str | None]:
    """Of columns TASK:LABEL the labels of each row that are there, and after `?` those that are not known."""
    names = [name.partition(":")[2] for name in columns.columns]
    for column, name in zip(columns.columns, names, strict=True):
        if SEPARATOR in name or name.startswith(NOT_KNOWN) or not name:
            raise InputError(
                f"--labels_file={path!r} has the column {column!r}, but the label in TASK:LABEL may not be "
                f"empty, begin with {NOT_KNOWN!r} or have {SEPARATOR!r} in it, which mark and part labels in "
                f"the tables of a run: rename it."
            )
    values = np.stack([_truths(path, columns[name]) for name in columns.columns], axis=1)
    rows: list[str | None] = []
    for row in values:
        parts = [
            NOT_KNOWN * bool(np.isnan(value)) + name for name, value in zip(names, row, strict=True) if value
        ]
        rows.append(None if np.isnan(row).all() else SEPARATOR.join(parts))
    return rows


def _truths(path: str, cells: pd.Series) -> np.ndarray:
    """1, 0, or nan where nothing stands."""
    words = cells.str.strip().str.lower()
    unknown = sorted(set(words.dropna()) - set(TRUTHS))
    if unknown:
        raise InputError(
            f"--labels_file={path!r} has {unknown[0]!r} in column {cells.name!r}, where 1, 0 or nothing was "
            f"expected, as in every column TASK:LABEL: mend it."
        )
    return words.map(TRUTHS).astype(float).to_numpy()
