"""Writes tables block by block, so that a long one needs no more memory than a short one.

Each writer takes blocks of rows, DataFrames with the same columns, and a binary file. In CSV a column of
vectors becomes NAME_0, NAME_1, ...; in the other formats it stays one column of lists. Text is UTF-8.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from retrain.csv_text import csv_text


def write_csv(blocks: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    """A header, then a line a row."""
    file.writelines(text.encode() for text in separated(blocks, ","))


def write_tsv(blocks: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    """As CSV, with tabs."""
    file.writelines(text.encode() for text in separated(blocks, "\t"))


def write_json_lines(blocks: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    """An object a line (jsonlines.org)."""
    for block in blocks:
        columns = [_plain(block[name]) for name in block.columns]
        for row in zip(*columns, strict=True):
            line = json.dumps(dict(zip(block.columns, row, strict=True)), ensure_ascii=False)
            file.write(f"{line}\n".encode())


def separated(blocks: Iterable[pd.DataFrame], separator: str) -> Iterator[str]:
    """The text of each block, a line a row; before the first a header."""
    for number, block in enumerate(blocks):
        yield csv_text(_flat(block), separator, header=not number)


def _flat(block: pd.DataFrame) -> pd.DataFrame:
    """With a column for each number of a vector."""
    parts = [_numbered(name, block[name]) for name in block.columns]
    return pd.concat(parts, axis="columns")


def _numbered(name: str, cells: pd.Series) -> pd.DataFrame | pd.Series:
    if not _are_vectors(cells):
        return cells
    values = np.stack(cells)
    return pd.DataFrame(values, cells.index, [f"{name}_{index}" for index in range(values.shape[1])])


def _plain(cells: pd.Series) -> list[Any]:
    """What JSON takes."""
    return [vector.tolist() for vector in cells] if _are_vectors(cells) else cells.tolist()


def _are_vectors(cells: pd.Series) -> bool:
    return isinstance(cells.iloc[0], np.ndarray)
