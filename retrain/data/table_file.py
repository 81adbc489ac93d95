"""Reads the file of a table: CSV, TSV, Parquet, JSON lines or arrays, through pandas, all cells as text.

A cell in which nothing stands is None. What the columns mean is left to `retrain.data.table`.
"""

import io
import json
import os
import warnings

import numpy as np
import pandas as pd
from absl import logging

from retrain.data.listing import SEPARATOR, TASK
from retrain.data.table_text import read_text, separated
from retrain.errors import InputError
from retrain.extensions import nearest
from retrain.image_formats import EXTENSIONS

PATH = "path"  # the column of paths in a table that has no names for its columns
SHOWN_CELLS = 3
UNNAMED = "Unnamed: "  # what pandas calls a column without a name


def read_cells(path: str, image_dir: str = os.curdir) -> pd.DataFrame:
    """A row for each image, one at least; of Parquet and JSON, lists are joined.

    `image_dir` is asked whether the first row is a header, or names an image.
    """
    ending = os.path.splitext(path)[1].lower()
    try:
        if ending in (".parquet", ".pq"):
            table = _of_objects(path, pd.read_parquet(path))
        elif ending in (".jsonl", ".ndjson", ".json"):
            table = _of_objects(path, _read_json(path, read_text(path)))
        else:
            table = _missing_as_none(_read_csv(path, *separated(path, read_text(path)), image_dir))
    except InputError:  # a ValueError, too
        raise
    except ImportError as error:
        raise InputError(
            f"--labels_file={path!r} is a Parquet file, which needs pyarrow: pip install 'retrain[parquet]'."
        ) from error
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"--labels_file={path!r} has rows with more cells than its header names: name every column, or "
            f"put cells with a separator in them into quotes."
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
    return table


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


def _read_json(path: str, text: str) -> pd.DataFrame:
    """Of one object a line, or of one array of objects."""
    names = _names_of_one_object(text)
    if names:
        raise InputError(
            f"--labels_file={path!r} is one JSON object with {', '.join(map(repr, names[:SHOWN_CELLS]))} (as "
            f"COCO's are), but one object for each image was expected, as JSON lines or an array: write such "
            f"a table from it."
        )
    return pd.read_json(io.StringIO(text), lines=not text.lstrip().startswith("["), dtype=False)


def _names_of_one_object(text: str) -> list[str]:
    """Of a file that is one object, which has lists of objects; else none."""
    if not text.lstrip().startswith("{"):
        return []
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:  # more than one, a line each
        return []
    holds = (value[0] for value in whole.values() if isinstance(value, list) and value)
    return list(whole) if any(isinstance(item, dict) for item in holds) else []


def _of_objects(path: str, table: pd.DataFrame) -> pd.DataFrame:
    """As text; InputError for images themselves, whose bytes no sentence prints, and Label Studio's trees."""
    for name, cells in table.items():
        if cells.map(_holds_bytes).any():
            raise InputError(
                f"--labels_file={path!r} has images themselves in column {str(name)!r}, but a table of paths "
                f"was expected: write them to files, and a table that names these."
            )
    if {"data", "annotations"} <= set(table.columns):
        raise InputError(
            f"--labels_file={path!r} is Label Studio's full JSON, but one object with a path and labels for "
            f"each image was expected: export as JSON-MIN or CSV, and name the column with --path_column."
        )
    return _as_text(table)


def _holds_bytes(cell: object) -> bool:
    return isinstance(cell.get("bytes") if isinstance(cell, dict) else cell, bytes)


def _read_csv(path: str, text: str, separator: str, image_dir: str) -> pd.DataFrame:
    table = _rows(text, separator, header=0)
    if _is_header(table, image_dir):
        return _with_plain_names(path, table)
    table = _rows(text, separator, header=None).dropna(axis="columns", how="all")
    first = [str(cell) for cell in table.iloc[0]]
    if len(first) != 2:
        shown = ", ".join(map(repr, first[:SHOWN_CELLS]))
        raise InputError(
            f"--labels_file={path!r} has no header, as its first row names an image ({shown}), but with "
            f"{len(first)} columns it needs one: add a first row with the names of the columns, such as "
            f"'path' and 'label'."
        )
    table.columns = [PATH, TASK] if _looks_like_image(first[0], image_dir) else [TASK, PATH]
    logging.info(
        "--labels_file=%r has no header, as its first row names an image (%r): its columns are read as %r "
        "and %r.",
        path,
        table[PATH].iloc[0],
        *table.columns,
    )
    return table[[PATH, TASK]]


def _rows(text: str, separator: str, header: int | None) -> pd.DataFrame:
    """All cells as text; rows that are longer than the first one are an error, but for empty cells."""
    options = {"dtype": str, "keep_default_na": False, "na_values": [""], "index_col": False}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(io.StringIO(text), sep=separator, header=header, **options)


def _is_header(table: pd.DataFrame, image_dir: str) -> bool:
    """Whether the first row, which pandas took for names of columns, is none that names an image."""
    names = [str(name) for name in table.columns]
    if any(name.lower().endswith(EXTENSIONS) for name in names):
        return False
    # An ending may be left out, but then a word that happens to be a file's name is a header all the same.
    repeated = len(names) == 2 and names[1] in set(table.iloc[:, 1])
    return not (repeated and _looks_like_image(names[0], image_dir))


def _looks_like_image(cell: str, image_dir: str) -> bool:
    return cell.lower().endswith(EXTENSIONS) or any(
        os.path.isfile(os.path.join(image_dir, cell + ending)) for ending in ("", *EXTENSIONS)
    )


def _with_plain_names(path: str, table: pd.DataFrame) -> pd.DataFrame:
    """Without blanks around names, and without nameless columns that are empty or count the rows."""
    unnamed = [not name.strip() or name.startswith(UNNAMED) for name in table.columns]
    idle = [
        no_name and (cells.isna().all() or (position == 0 and _counts(cells)))
        for position, (no_name, (_, cells)) in enumerate(zip(unnamed, table.items(), strict=True))
    ]
    table = table.loc[:, [not is_idle for is_idle in idle]].rename(columns=str.strip)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(f"--labels_file={path!r} has two columns {twice[0]!r}: rename one of them.")
    return table


def _counts(cells: pd.Series) -> bool:
    return cells.tolist() == [str(index) for index in range(len(cells))]


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
