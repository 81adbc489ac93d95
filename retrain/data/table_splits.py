"""The splits of a table's images: as columns say them, or the folders in which all images lie."""

import re
from collections.abc import Collection, Sequence

import pandas as pd
from absl import logging

from retrain.data.split_words import resembles, says_a_split_alone, split_of, tell_splits
from retrain.data.table_labels import SPLIT, TRUTHS
from retrain.errors import InputError

FLAG = re.compile(r"(is|in|use[-_ ]?for|for)[-_ ]?(?=.)", re.IGNORECASE)  # as in fastai's is_valid


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


def with_flagged_splits(path: str, table: pd.DataFrame, tasks: Collection[str]) -> pd.DataFrame:
    """With the column of splits for such as is_valid and is_test, of yes and no each; told.

    A bare word, as in Test, may be a class, too: it is a split's beside labels that are not of yes and no,
    unless a train may be in the picture.
    """
    if not any(_says(FLAG.sub("", name, count=1)) for name in table.columns):
        return table
    truths = {name: _truths(cells) for name, cells in table.items() if name not in tasks}
    truths = {name: flags for name, flags in truths.items() if flags is not None}
    flagged = {name: split for name in truths if (split := _says(FLAG.sub("", name, count=1)))}
    labels = len(table.columns) - len(flagged) - 1
    of_a_train = [*flagged.values()] == ["train"]
    if not all(map(FLAG.match, flagged)) and (len(truths) > len(flagged) or not labels or of_a_train):
        return table
    splits = _flagged(pd.DataFrame({split: truths[name] for name, split in flagged.items()}))
    if splits is None or len(set(flagged.values())) < len(flagged):
        return table
    several = len(flagged) > 1
    listed = ", ".join(map(repr, flagged))
    others = set(splits) - {*flagged.values(), "train"}
    logging.info(
        "--labels_file=%r has %s read as %r%s.",
        path,
        f"columns {listed}, which are" if several else f"column {listed}, which is",
        SPLIT,
        f", and {others.pop()!r} where {'all say' if several else 'it says'} no" if others else "",
    )
    return table.drop(columns=[*flagged]).assign(**{SPLIT: splits})


def _truths(cells: pd.Series) -> pd.Series | None:
    """Whether each cell says yes; None where one says neither."""
    flags = cells.str.strip().str.lower().map(TRUTHS)
    return flags.astype(bool) if flags.notna().all() else None


def _flagged(flags: pd.DataFrame) -> pd.Series | None:
    """The split of each row, of which one column says yes at most; None where it is open, or always one."""
    if flags.empty or (flags.sum(axis="columns") > 1).any():
        return None
    rest = next((split for split in ("train", "test") if split not in flags), None)
    splits = flags.idxmax(axis="columns").where(flags.any(axis="columns"), rest)
    return splits if splits.notna().all() and splits.nunique() > 1 else None


def _of_folders(path: str, table: pd.DataFrame, path_column: str) -> list[str]:
    """By the first folders in the paths that all say splits; none where one does, or these are the labels."""
    places = [name.rpartition("/")[0] for name in table[path_column]]
    folders = {place: place.split("/") for place in set(places)}
    for depth in range(min(map(len, folders.values()))):
        word_of = {place: parts[depth] for place, parts in folders.items()}
        splits = {word: _says(word) for word in set(word_of.values())}
        if all(splits.values()) and {"train"} < set(splits.values()):
            break
    else:
        return []
    words = [word_of[place] for place in places]
    if _are_labels(words, table.drop(columns=path_column)):
        return []
    logging.info(
        "--labels_file=%r has no column %r, and all its images lie in folders of splits, which are kept: %s "
        "(an empty column %r would leave them to be drawn).",
        path,
        SPLIT,
        ", ".join(word if word == split else f"{word} -> {split}" for word, split in sorted(splits.items())),
        SPLIT,
    )
    return [splits[word] for word in words]


def _says(folder: str) -> str | None:
    """As train does, and val_images."""
    return split_of(folder) or (resembles(folder) if says_a_split_alone(folder) else None)


def _are_labels(words: Sequence[str], table: pd.DataFrame) -> bool:
    """Whether a column says of each image what its folder does."""
    return any(cells.tolist() == words for _, cells in table.items())
