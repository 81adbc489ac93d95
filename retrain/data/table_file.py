"""Reads the file of a table: CSV, TSV, Parquet, JSON lines or arrays, through pandas, all cells as text.

A cell in which nothing stands is None. What the columns mean is left to `retrain.data.table`.
"""

import io
import os
import warnings
from collections.abc import Sequence

import pandas as pd
from absl import logging

from retrain.data.listing import TASK
from retrain.data.table_objects import json_cells, parquet_cells
from retrain.data.table_text import first_row, long_row, read_text, separated
from retrain.errors import InputError
from retrain.image_formats import EXTENSIONS
from retrain.image_names import looks_like_image

PATH = "path"  # the column of paths in a table that has no names for its columns
NUMBER = "number of the row"
SHOWN_CELLS = 3
UNNAMED = "Unnamed: "  # what pandas calls a column without a name


def read_cells(path: str, image_dir: str = os.curdir, flag: str = "labels_file") -> pd.DataFrame:
    """A row for each image, one at least; of Parquet and JSON, lists are joined.

    `image_dir` is asked whether the first row is a header, or names an image; `flag` named the table.
    """
    called = f"--{flag}={path!r}"  # in all that is said of it
    try:
        table = _cells(path, called, image_dir)
    except InputError:  # a ValueError, too
        raise
    except ImportError as error:
        raise InputError(
            f"{called} is a Parquet file, which needs pyarrow: pip install 'retrain[parquet]'."
        ) from error
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"{called} was expected to be a table with a row for each image (CSV, TSV, Parquet "
            f"or JSON lines), but cannot be read ({words}): name such a file."
        ) from error
    table = _with_plain_names(called, table).dropna(how="all", ignore_index=True)
    if table.empty:
        raise _no_rows(called)
    return table.astype(object).where(table.notna(), None)


def _cells(path: str, called: str, image_dir: str) -> pd.DataFrame:
    """As the file's ending says, and what its text begins with."""
    if path.lower().endswith((".parquet", ".pq")):
        return parquet_cells(path, called, image_dir)
    text = read_text(path, called)
    if not text.strip():
        raise _no_rows(called)
    if text.lstrip().startswith(("{", "[")):
        return json_cells(text, called, image_dir)
    return _read_csv(*separated(path, called, text), called, image_dir)


def _no_rows(called: str) -> InputError:
    return InputError(f"{called} has no rows, but one for each image was expected: add some.")


def _read_csv(text: str, separator: str, called: str, image_dir: str) -> pd.DataFrame:
    table = _rows(text, separator, called, header=0)
    if _is_header(table, image_dir):
        _check_names(called, first_row(text, separator))
        return _without_names(called, table)
    table = _rows(text, separator, called, header=None).dropna(axis="columns", how="all")
    first = [str(cell) for cell in table.iloc[0]]
    if len(first) > 2:
        shown = ", ".join(map(repr, first[:SHOWN_CELLS]))
        raise InputError(
            f"{called} has no header, as its first row names an image ({shown}), but with "
            f"{len(first)} columns it needs one: add a first row with the names of the columns, such as "
            f"'path' and 'label'."
        )
    names = [PATH, TASK][: len(first)]
    if not looks_like_image(first[0], image_dir):
        names = [NUMBER if len(table) > 1 and _counts(table.iloc[:, 0]) else TASK, PATH]
    table.columns = names
    logging.info(
        "%s has no header, as its first row names an image (%r): it is read as %s.",
        called,
        table[PATH].iloc[0],
        " and ".join(map(repr, names)),
    )
    return table[[name for name in (PATH, TASK) if name in names]]


def _rows(text: str, separator: str, called: str, header: int | None) -> pd.DataFrame:
    """All cells as text; rows that are longer than the first one are an error, but for empty cells."""
    options = {"dtype": str, "keep_default_na": False, "na_values": [""], "index_col": False}
    options["skipinitialspace"] = separator != " "  # before quotes
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return pd.read_csv(io.StringIO(text), sep=separator, header=header, **options)
        except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
            long = long_row(text, separator)
            if not long:
                raise ValueError(str(error)) from error
            raise InputError(
                f"{called} has rows with more cells than its header names, such as that of {long[0]!r}: name "
                f"every column, or put cells with a separator in them into quotes."
            ) from error


def _is_header(table: pd.DataFrame, image_dir: str) -> bool:
    """Whether the first row, which pandas took for names of columns, is none that names an image."""
    names = [str(name) for name in table.columns]
    if any(name.lower().endswith(EXTENSIONS) for name in names):
        return False
    # An ending may be left out, but then a word that happens to be a file's name is a header all the same.
    repeated = any(name in set(table.iloc[:, place]) for place, name in enumerate(names) if place)
    return not (repeated and looks_like_image(names[0], image_dir))


def _with_plain_names(called: str, table: pd.DataFrame) -> pd.DataFrame:
    """Without blanks around names, and without nameless columns that are empty or number the rows."""
    table = table.rename(columns=lambda name: "" if str(name).startswith(UNNAMED) else str(name).strip())
    named = [bool(name) for name in table.columns]
    idle = [
        not name and (cells.isna().all() or (not any(named[:position]) and _counts(cells)))
        for position, (name, cells) in enumerate(table.items())
    ]
    table = table.loc[:, [not is_idle for is_idle in idle]]
    if "" in table.columns:
        raise InputError(
            f"{called} has a column without a name beside "
            f"{', '.join(repr(name) for name in table if name)}: name it in the first row, and remove what "
            "stands above the names."
        )
    _check_names(called, list(table.columns))
    return table


def _check_names(called: str, names: Sequence[str]) -> None:
    """InputError where two are the same; pandas would number them."""
    names = [name.strip() for name in names if name.strip()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"{called} has two columns {twice!r}: rename one of them.")


def _without_names(called: str, table: pd.DataFrame) -> pd.DataFrame:
    """Without rows that say the names of the columns again, as where tables were put together; told."""
    again = (table == [str(name) for name in table.columns]).all(axis="columns")
    if again.any():
        logging.info(
            "%s has the names of its columns again in %d rows, which are left out.", called, again.sum()
        )
    return table[~again]


def _counts(cells: pd.Series) -> bool:
    """Whether each cell is a number of its own."""
    return bool(cells.str.isdecimal().eq(True).all()) and cells.is_unique
