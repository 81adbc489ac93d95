"""Reads the file of a table: CSV, TSV, Parquet or JSON lines, through pandas, all cells as text.

A cell in which nothing stands is None. What the columns mean is left to `retrain.data.table`.
"""

import os

import numpy as np
import pandas as pd

from retrain.data.listing import SEPARATOR
from retrain.errors import InputError
from retrain.extensions import nearest


def read_cells(path: str) -> pd.DataFrame:
    """A row for each image, one at least; of Parquet and JSON, lists are joined."""
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
