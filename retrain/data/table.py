"""Reads a table of labels: one row an image, a column of paths (relative to image_dir), one of each task.

Columns `split`, `group` and `weight` mean what they say; every other column is a task, or those that are
named.
"""

import os
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.data.listing import SEPARATOR, Column, Listing
from retrain.data.table_columns import path_column_of, with_known_columns, without_other_paths
from retrain.data.table_hints import hint_at_nothing, hint_at_numbers, hint_at_separator, with_one_task
from retrain.data.table_labels import GROUP, WEIGHT, check_column, label_columns, read_column
from retrain.data.table_lists import check_no_vectors, with_lists_joined
from retrain.data.table_paths import found_paths
from retrain.data.table_splits import splits_of
from retrain.data.task_hints import hint_at_groups, hint_at_tasks
from retrain.data.tool_tables import tool_cells
from retrain.errors import InputError

SHOWN_ROWS = 5
IMPROBABLE = 100  # times the least weight


class TableFormat(NamedTuple):
    """What the user says of a table; `tasks`: name -> whether a cell may hold several labels, if named."""

    path_column: str | None = None
    tasks: Mapping[str, bool] = {}
    separator: str = SEPARATOR


DEFAULT = TableFormat()


def read(labels_file: str, image_dir: str | None = None, form: TableFormat = DEFAULT) -> Listing:
    """Lists the rows of a table; without `image_dir`, paths are relative to the table's own folder.

    `labels_file` may be a folder around those of splits, with a table in each.
    """
    own = labels_file if os.path.isdir(labels_file) else os.path.dirname(labels_file)
    image_dir = image_dir or own or os.curdir
    form = TableFormat(*form)
    table, path_column = _with_paths_found(labels_file, image_dir, form.path_column, form.tasks)
    table, repeated = _without_repetitions(labels_file, table, path_column)
    table = table.sort_values(path_column, kind="stable", ignore_index=True)
    return Listing(
        image_dir=image_dir,
        paths=table[path_column].tolist(),
        columns=_columns(labels_file, table, path_column, form),
        splits=splits_of(labels_file, table, path_column),
        groups=_groups(labels_file, table),
        weights=_weights(labels_file, table),
        ignored={"repeated in the table": repeated} if repeated else {},
        class_folders=False,
    )


def read_paths(labels_file: str, image_dir: str, path_column: str | None) -> list[str]:
    """The paths in image_dir alone, each once, in the order of the rows, whatever else a table says."""
    table, path_column = _with_paths_found(labels_file, image_dir or os.curdir, path_column)
    return list(dict.fromkeys(table[path_column]))


def _with_paths_found(
    labels_file: str, image_dir: str, path_column: str | None, tasks: Collection[str] = ()
) -> tuple[pd.DataFrame, str]:
    """The table, with paths as the files are called, and the name of their column."""
    table = with_known_columns(labels_file, tool_cells(labels_file, image_dir, tasks), tasks)
    path_column = path_column or path_column_of(labels_file, table, image_dir)
    check_column(labels_file, table, path_column, "path column")
    _check_every_path(labels_file, table, path_column)
    table[path_column] = found_paths(labels_file, image_dir, table[path_column])
    return table, path_column


def _columns(path: str, table: pd.DataFrame, path_column: str, form: TableFormat) -> dict[str, Column]:
    if not form.tasks:
        table = with_one_task(path, without_other_paths(path, table, path_column), path_column)
    columns: dict[str, Column] = {}
    for task, names in label_columns(path, table, path_column, form.tasks).items():
        cells, several = table[names], form.tasks.get(task, True)
        if several and names == [task]:
            cells = with_lists_joined(path, cells[task], form.separator).to_frame()
            check_no_vectors(path, cells[task], form.separator)
        columns[task] = read_column(path, cells, task, several, form.separator)
        if names == [task]:
            hint_at_nothing(path, cells[task])
            hint_at_numbers(path, cells[task])
        if several and not columns[task].several:
            hint_at_separator(path, cells[task])
    if not form.tasks:
        hint_at_tasks(path, columns)
    hint_at_groups(path, table.drop(columns=path_column), form.tasks)
    return columns


def _check_every_path(path: str, table: pd.DataFrame, column: str) -> None:
    empty = table[column].isna()
    if empty.any():
        raise InputError(
            f"--labels_file={path!r} has no path in {int(empty.sum())} rows, such as row "
            f"{int(empty.argmax()) + 1}: every row needs one in column {column!r}; fill them "
            f"in, or remove the rows."
        )


def _without_repetitions(path: str, table: pd.DataFrame, column: str) -> tuple[pd.DataFrame, int]:
    """Rows that say the same twice count once; InputError for those that contradict each other."""
    once = table.drop_duplicates(ignore_index=True)
    again = once[column].duplicated()
    if again.any():
        name = once[column][again].iloc[0]
        rows = [str(row + 1) for row in np.flatnonzero(table[column] == name)]
        more = ", ..." if len(rows) > SHOWN_ROWS else ""
        raise InputError(
            f"--labels_file={path!r} says different things of {name!r}, in the rows "
            f"{', '.join(rows[:SHOWN_ROWS])}{more}: keep one row for each image, with several labels in one "
            f"cell, as in 'cat|dog', or say with --path_column where the paths are, if not in {column!r}."
        )
    return once, len(table) - len(once)


def _groups(path: str, table: pd.DataFrame) -> list[str | None]:
    if GROUP not in table.columns:
        return [None] * len(table)
    sizes = table[GROUP].value_counts()
    if len(sizes) and 2 * sizes.iloc[0] >= len(table) > SHOWN_ROWS:
        logging.info(
            "--labels_file=%r has %s, and all of a group are in one split: if these are no copies or views "
            "of one thing, call column %r otherwise.",
            path,
            f"{sizes.iloc[0]} of {len(table)} images in one group, {sizes.index[0]!r}",
            GROUP,
        )
    return table[GROUP].tolist()


def _weights(path: str, table: pd.DataFrame) -> list[float]:
    if WEIGHT not in table.columns:
        return [1.0] * len(table)
    numbers = pd.to_numeric(table[WEIGHT].fillna("1"), errors="coerce").astype(float)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        raise InputError(
            f"--labels_file={path!r} has {table[WEIGHT][wrong].iloc[0]!r} in column {WEIGHT!r}, where a "
            "number of 0 or more was expected, what each image counts: mend it, or call the column otherwise."
        )
    lightest, heaviest = numbers[numbers > 0].min(), numbers.max()
    if heaviest > IMPROBABLE * lightest:
        logging.info(
            "--labels_file=%r has weights from %s: if these are not what each image counts, but kilograms, "
            "say, call column %r otherwise.",
            path,
            f"{lightest:g} to {heaviest:g}, so that some images count {heaviest / lightest:.0f} times others",
            WEIGHT,
        )
    return numbers.tolist()
