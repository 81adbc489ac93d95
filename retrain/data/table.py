"""Reads a table of labels: one row an image, a column of paths (relative to image_dir), one of each task.

CSV, TSV, Parquet or JSON lines, through pandas. Columns `split`, `group` and `weight` mean what they say;
every other column is a task, or those that are named. A cell may hold several labels, a separator between,
or they stand in columns of their own, TASK:LABEL, with yes or no in each. Nothing in a cell: not known.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from retrain.data.listing import SPLIT_FOLDERS, LabelColumns, Listing
from retrain.errors import InputError
from retrain.extensions import nearest

# How a cell of several labels is written in the examples table: as the sigmoid head reads it.
SEPARATOR, NOT_KNOWN = "|", "?"
SPLIT, GROUP, WEIGHT = "split", "group", "weight"
# Columns of the examples table, and of the tables that a run writes.
TAKEN = ("path", "size", "mtime_ns", "reason", "predicted", "probability")
TRUTHS = {
    "1": True,
    "true": True,
    "yes": True,
    "1.0": True,
    "0": False,
    "false": False,
    "no": False,
    "0.0": False,
}


class TableFormat(NamedTuple):
    """What the user says of a table; `tasks`: name -> kind of head, where they are named."""

    path_column: str | None = None
    tasks: Mapping[str, str] = {}
    separator: str = SEPARATOR


DEFAULT = TableFormat()


def read(labels_file: str, image_dir: str | None = None, form: TableFormat = DEFAULT) -> Listing:
    """Lists the rows of a table; without `image_dir`, paths are relative to the table's own folder."""
    table = _read_file(labels_file)
    form = TableFormat(*form)
    path_column = form.path_column or next(iter(table.columns), "")
    _check_column(labels_file, table, path_column, "path column")
    table, repeated = _without_repetitions(
        labels_file, _with_paths(labels_file, table, path_column), path_column
    )
    table = table.sort_values(path_column, kind="stable", ignore_index=True)
    columns = _label_columns(labels_file, table, path_column, form.tasks)
    tasks = {
        task: _labels(labels_file, table[names], task, form.tasks.get(task), form.separator)
        for task, names in columns.items()
    }
    several = frozenset(task for task, (_, joined) in tasks.items() if joined)
    labels = {task: cells for task, (cells, _) in tasks.items()}
    splits = _splits(labels_file, table)
    first = next(iter(labels))
    return Listing(
        image_dir or os.path.dirname(labels_file) or os.curdir,
        _names(labels[first], first in several),
        table[path_column].tolist(),
        labels[first],
        splits or [""] * len(table),
        repeated,
        given_split=splits is not None,
        columns=LabelColumns(labels, several, _groups(table), _weights(labels_file, table)),
    )


def _read_file(path: str) -> pd.DataFrame:
    """All cells as text, or missing (None); of Parquet and JSON, lists are joined."""
    ending = os.path.splitext(path)[1].lower()
    try:
        if ending in (".parquet", ".pq"):
            return _as_text(pd.read_parquet(path))
        if ending in (".jsonl", ".ndjson", ".json"):
            return _as_text(pd.read_json(path, lines=True, dtype=False))
        options = {"dtype": str, "keep_default_na": False, "na_values": [""], "encoding": "utf-8-sig"}
        table = pd.read_csv(path, sep="\t" if ending in (".tsv", ".tab") else ",", **options)
    except ImportError as error:
        raise InputError(
            f"--labels_file={path!r} is a Parquet file, which needs pyarrow: pip install 'retrain[parquet]'."
        ) from error
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"--labels_file={path!r} was expected to be a table with a row for each image (CSV, TSV, Parquet "
            f"or JSON lines), but cannot be read ({words}): name such a file."
        ) from error
    if table.empty:
        raise InputError(
            f"--labels_file={path!r} has no rows, but one for each image was expected: add some."
        )
    return _missing_as_none(table)


def _missing_as_none(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), None).rename(columns=str)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    def text(value: object) -> str | None:
        if isinstance(value, list | tuple | np.ndarray):
            return SEPARATOR.join(map(str, value))
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return None
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    return _missing_as_none(table.astype(object).map(text))


def _check_column(path: str, table: pd.DataFrame, name: str, what: str) -> None:
    if name in table.columns:
        return
    closest = nearest(name, list(table.columns))
    advice = f"did you mean {closest!r}?" if closest else "name one of them."
    raise InputError(
        f"--labels_file={path!r} has no {what} {name!r}; its columns are "
        f"{', '.join(map(repr, table.columns))}: {advice}"
    )


def _with_paths(path: str, table: pd.DataFrame, column: str) -> pd.DataFrame:
    empty = table[column].isna()
    if empty.any():
        raise InputError(
            f"--labels_file={path!r} has no path in {int(empty.sum())} rows, such as row "
            f"{int(empty.argmax()) + 1}: every row needs one in column {column!r}; fill them "
            f"in, or remove the rows."
        )
    return table.assign(**{column: table[column].str.strip().str.replace(r"^(\./)+", "", regex=True)})


def _without_repetitions(path: str, table: pd.DataFrame, column: str) -> tuple[pd.DataFrame, int]:
    """Rows that say the same twice count once; InputError for those that contradict each other."""
    once = table.drop_duplicates(ignore_index=True)
    again = once[column].duplicated()
    if again.any():
        name = once[column][again].iloc[0]
        rows = [str(row + 1) for row in np.flatnonzero(table[column] == name)]
        raise InputError(
            f"--labels_file={path!r} says different things of {name!r}, in the rows {', '.join(rows)}: keep "
            f"one row for each image."
        )
    return once, len(table) - len(once)


def _label_columns(
    path: str, table: pd.DataFrame, path_column: str, tasks: Mapping[str, str]
) -> dict[str, list[str]]:
    """Task -> its column, or its columns TASK:LABEL; those that are named, in that order, or all."""
    found: dict[str, list[str]] = {}
    for name in table.columns:
        if name != path_column and (name in tasks or name not in (SPLIT, GROUP, WEIGHT)):
            task = name if name in tasks or ":" not in name else name.partition(":")[0]
            found.setdefault(task, []).append(name)
    for task in tasks:
        if task not in found:
            _check_column(path, table, task, "column of labels")
    chosen = {task: found[task] for task in tasks} or found
    if not chosen:
        raise InputError(
            f"--labels_file={path!r} has no column of labels beside {path_column!r}: add one for each task."
        )
    for task in chosen:
        if task in TAKEN or not task or "/" in task:
            raise InputError(
                f"--labels_file={path!r} has a column of labels {task!r}, a name that means something else "
                f"in the tables of a run: rename it, or choose others with --tasks."
            )
    return chosen


def _labels(
    path: str, columns: pd.DataFrame, task: str, kind: str | None, separator: str
) -> tuple[list[str | None], bool]:
    """The labels of each row as the examples table has them, and whether a row may have several."""
    if columns.isna().all(axis=None):
        raise InputError(f"--labels_file={path!r} has no label at all in column {task!r}: fill it in.")
    if list(columns.columns) != [task]:
        return _joined(path, columns), True
    cells = columns[task]
    several = kind != "softmax" and bool(cells.str.contains(separator, regex=False).any())
    if several and separator != SEPARATOR and cells.str.contains(SEPARATOR, regex=False).any():
        raise InputError(
            f"--labels_file={path!r} has labels with {SEPARATOR!r} in column {task!r}, which stands between "
            f"labels in the tables of a run: rename them."
        )
    if not several:
        return [None if cell is None else cell.strip() or None for cell in cells], False
    parts = (None if cell is None else [part.strip() for part in cell.split(separator)] for cell in cells)
    return [None if part is None else SEPARATOR.join(filter(None, part)) for part in parts], True


def _joined(path: str, columns: pd.DataFrame) -> list[str | None]:
    """Of columns TASK:LABEL the labels of each row that are there, and after `?` those that are not known."""
    names = [name.partition(":")[2] for name in columns.columns]
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


def _names(cells: Sequence[str | None], several: bool) -> tuple[str, ...]:
    labels = {cell for cell in cells if cell is not None}
    if several:
        labels = {part.removeprefix(NOT_KNOWN) for label in labels for part in label.split(SEPARATOR) if part}
    return tuple(sorted(labels))


def _splits(path: str, table: pd.DataFrame) -> list[str] | None:
    if SPLIT not in table.columns or table[SPLIT].isna().all():
        return None
    known = {None: ""} | SPLIT_FOLDERS
    unknown = sorted({cell for cell in table[SPLIT] if cell not in known or cell is None}, key=str)
    if unknown:
        raise InputError(
            f"--labels_file={path!r} has {unknown[0] or ''!r} in column {SPLIT!r}, where 'train', "
            "'validation' "
            f"or 'test' was expected: mend it, or leave the column out."
        )
    return [known[cell] for cell in table[SPLIT]]


def _groups(table: pd.DataFrame) -> list[str | None] | None:
    return table[GROUP].tolist() if GROUP in table.columns else None


def _weights(path: str, table: pd.DataFrame) -> list[float] | None:
    if WEIGHT not in table.columns:
        return None
    numbers = pd.to_numeric(table[WEIGHT].fillna("1"), errors="coerce").astype(float)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        raise InputError(
            f"--labels_file={path!r} has {table[WEIGHT][wrong].iloc[0]!r} in column {WEIGHT!r}, where a "
            "number of "
            f"0 or more was expected: mend it."
        )
    return numbers.tolist()
