"""Tables of objects, Parquet and JSON: their values as text, and sentences for what is no table of labels."""

import io
import json
import os

import numpy as np
import pandas as pd

from retrain.data.json_object import object_cells
from retrain.data.listing import SEPARATOR
from retrain.errors import InputError


def parquet_cells(path: str, called: str, image_dir: str) -> pd.DataFrame:
    """Of a Parquet file; ImportError without pyarrow."""
    return _as_text(called, pd.read_parquet(path), image_dir)


def json_cells(text: str, called: str, image_dir: str) -> pd.DataFrame:
    """Of one object a line, of one array of objects, or of one object of a form that is known.

    ValueError for other JSON.
    """
    whole = _one_object(text)
    lines = not text.lstrip().startswith("[")
    try:
        if whole:
            table = object_cells(whole, called, image_dir)
        else:
            table = pd.read_json(io.StringIO(text), lines=lines, dtype=False)
    except TypeError as error:  # pandas'
        raise ValueError("its rows are not alike") from error
    if {"data", "annotations"} <= set(map(str, table.columns)):
        raise InputError(
            f"{called} is Label Studio's full JSON, but one object with a path and labels for "
            f"each image was expected: export as JSON-MIN or CSV, and name that."
        )
    return _as_text(called, table, image_dir)


def _one_object(text: str) -> dict[str, object]:
    """Of a file that is one object; else none."""
    try:
        whole = json.loads(text) if text.lstrip().startswith("{") else {}
    except json.JSONDecodeError:  # more than one, a line each
        whole = {}
    return whole


def _as_text(called: str, table: pd.DataFrame, image_dir: str) -> pd.DataFrame:
    for name, cells in table.items():
        files = [cell.get("path") if isinstance(cell, dict) else None for cell in cells]
        embedded = cells.map(_holds_bytes).any()
        if all(files) and (not embedded or all(os.path.isfile(os.path.join(image_dir, f)) for f in files)):
            table[name] = files
        elif embedded:
            raise InputError(
                f"{called} has images themselves in column {str(name)!r}, but a table of paths was expected: "
                f"name the file, or a folder of such, with --image_dir, and they are read where they lie "
                f"(docs/data.md)."
            )
    return table.astype(object).map(_text)


def _holds_bytes(value: object) -> bool:
    if isinstance(value, dict | list | np.ndarray):
        return any(map(_holds_bytes, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bytes)


def _text(value: object) -> str | None:
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    if isinstance(value, list | tuple | np.ndarray):
        return SEPARATOR.join(map(str, value))
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
