"""Lists of labels that are written as text: Python's lists, sets and tuples, arrays of numpy and JSON."""

import ast
import json
import re
from collections.abc import Iterable

import pandas as pd
from absl import logging

from retrain.errors import InputError

BRACKETS = ("[]", "()", "{}")
QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
# Python would join what stands in quotes side by side, as numpy writes arrays.
ARRAY = re.compile(rf"\[\s*(?:(?:{QUOTED})\s*)+\]")
VECTOR = re.compile(r"\[[01]\.?(\s+[01]\.?)+\s*\]")  # as numpy writes it
WORDS = re.compile(r"\[[^\[\]'\"]*\]")  # without quotes


def with_lists_joined(path: str, cells: pd.Series, separator: str) -> pd.Series:
    """Of lists that are written as text ("['a', 'b']") the labels, with the separator between them; told.

    Where lists of text stand beside other cells, these are one label each.
    """
    written = cells.dropna().str.strip()
    lists = {cell: _list_in(cell) for cell in written.unique()}
    found = {cell: labels for cell, labels in lists.items() if labels is not None}
    if len(found) < len(lists):
        of_text = any(map(_is_of_text, found.values()))
        found = {cell: of for cell, of in found.items() if of_text and (_is_of_text(of) or not of)}
        found = found or _without_quotes(lists)
    if not found:
        return cells
    logging.info(
        "--labels_file=%r has lists in column %r, such as %s: they are read as several labels of an image.",
        path,
        cells.name,
        next(cell for cell in written if cell in found),
    )
    joined = {cell: separator.join(map(str, labels)) for cell, labels in found.items()}
    return cells.where(cells.isna(), written.map(lambda cell: joined.get(cell, cell)))


def check_no_vectors(path: str, cells: pd.Series, separator: str) -> None:
    """InputError for cells of 0 and 1, as many in each, which would be the labels 0 and 1 of every image."""
    vectors = [cell.split(separator) for cell in cells.dropna().unique()]
    if len(set(map(len, vectors))) != 1 or len(vectors[0]) == 1:
        return
    if {part.strip() for vector in vectors for part in vector} <= {"0", "1", "0.0", "1.0"}:
        raise InputError(
            f"--labels_file={path!r} has vectors of 0 and 1 in column {cells.name!r}, such as "
            f"[{', '.join(vectors[0])}], but names of labels were expected: write these, or a column of 0 "
            "and 1 for each label, with its name above."
        )


def _list_in(cell: str) -> list[object] | None:
    """The values in a list, or in a set or a tuple of texts, but for null; None where it is none."""
    if not any(cell.startswith(begin) and cell.endswith(end) for begin, end in BRACKETS):
        return None
    if VECTOR.fullmatch(cell):
        return cell[1:-1].replace(".", "").split()
    for parsed in (_array, ast.literal_eval, json.loads):
        try:
            values = parsed(cell)
        except (ValueError, SyntaxError, TypeError):
            continue
        if isinstance(values, list) or (isinstance(values, set | tuple) and _is_of_text(values)):
            values = sorted(values, key=str) if isinstance(values, set) else values
            return [value for value in values if value is not None]
    return None


def _array(cell: str) -> list[str]:
    """As numpy writes them; ValueError for others."""
    if not ARRAY.fullmatch(cell):
        raise ValueError(cell)
    return [ast.literal_eval(text) for text in re.findall(QUOTED, cell)]


def _without_quotes(lists: Iterable[str]) -> dict[str, list[str]]:
    """Of cells that are all in brackets, some with commas in them."""
    if not all(WORDS.fullmatch(cell) for cell in lists) or not any("," in cell for cell in lists):
        return {}
    return {cell: [part for part in map(str.strip, cell[1:-1].split(",")) if part] for cell in lists}


def _is_of_text(labels: Iterable[object]) -> bool:
    return any(isinstance(label, str) for label in labels)
