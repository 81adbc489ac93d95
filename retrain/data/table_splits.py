"""The splits of a table's images: as its column says them, or the folders in which all images lie."""

import os
from collections.abc import Sequence

import pandas as pd
from absl import logging

from retrain.data.split_words import resembles, says_a_split_alone, split_of, tell_splits
from retrain.data.table_labels import SPLIT
from retrain.errors import InputError


def splits_of(path: str, table: pd.DataFrame, path_column: str) -> list[str]:
    """Of each row; "" for all where nothing says so, as where the column is empty."""
    if SPLIT not in table.columns:
        return _of_folders(path, table, path_column) or [""] * len(table)
    if table[SPLIT].isna().all():
        return [""] * len(table)
    cells = set(table[SPLIT])
    unknown = sorted((cell for cell in cells if cell is None or split_of(cell) is None), key=str)
    if unknown:
        raise InputError(
            f"--labels_file={path!r} has {unknown[0] or ''!r} in column {SPLIT!r}, where 'train', "
            f"'validation' or 'test' was expected: mend it, or leave the column out."
        )
    tell_splits(cells)
    return [split_of(cell) for cell in table[SPLIT]]


def _of_folders(path: str, table: pd.DataFrame, path_column: str) -> list[str]:
    """By the first folders in the paths that all say splits; none where one does, or these are the labels."""
    folders = [os.path.dirname(name).split("/") for name in table[path_column]]
    for depth in range(min(map(len, folders))):
        words = [of_path[depth] for of_path in folders]
        splits = {word: _says(word) for word in set(words)}
        if all(splits.values()) and {"train"} < set(splits.values()):
            break
    else:
        return []
    if _are_labels(words, table.drop(columns=path_column)):
        return []
    logging.info(
        "--labels_file=%r has no column %r, and all its images lie in folders of splits, which are kept: %s "
        "(an empty column %r would leave them to be drawn).",
        path,
        SPLIT,
        ", ".join(f"{word} -> {split}" for word, split in sorted(splits.items())),
        SPLIT,
    )
    return [splits[word] for word in words]


def _says(folder: str) -> str | None:
    """As train does, and val_images."""
    return split_of(folder) or (resembles(folder) if says_a_split_alone(folder) else None)


def _are_labels(words: Sequence[str], table: pd.DataFrame) -> bool:
    """Whether a column says of each image what its folder does."""
    return any(cells.tolist() == words for _, cells in table.items())
