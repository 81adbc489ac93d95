"""Which columns of a table say paths, splits, groups and weights, where their names or places do not.

What is found by what the cells say is told.
"""

from collections.abc import Collection

import pandas as pd
from absl import logging

from retrain.data.split_words import split_of
from retrain.data.table_labels import GROUP, SPLIT, WEIGHT
from retrain.data.table_paths import file_stems, same_stem
from retrain.data.table_splits import with_flagged_splits
from retrain.image_formats import EXTENSIONS
from retrain.image_names import SAMPLED, looks_like_image


def path_column_of(path: str, table: pd.DataFrame, image_dir: str) -> str:
    """The first column, or the only one of which all cells name images where the first names none.

    Failing that, of which all name files anywhere below image_dir, without folders or endings.
    """
    first, *others = table.columns
    sample = table.head(SAMPLED).fillna("")

    def images(name: str) -> int:
        return sum(looks_like_image(cell, image_dir) for cell in sample[name])

    if images(first):
        return first
    found = [name for name in others if images(name) == len(sample)]
    if not found and others:
        stems = file_stems(image_dir)
        found = [name for name in table.columns if set(map(same_stem, sample[name])) <= stems]
    if len(found) != 1 or found == [first]:
        return first
    logging.info("--labels_file=%r has its paths in column %r.", path, found[0])
    return found[0]


def with_known_columns(path: str, table: pd.DataFrame, tasks: Collection[str]) -> pd.DataFrame:
    """With split, group and weight for names in capitals, and with split for columns that say splits."""
    for known in (SPLIT, GROUP, WEIGHT):
        written = [name for name in table.columns if name.lower() == known and name not in tasks]
        if len(written) == 1 and written[0] != known:
            table = _renamed(path, table, written[0], known)
    if SPLIT in table.columns:
        return table
    says = [name for name in table.columns if name not in tasks and _says_splits(table[name])]
    if len(says) == 1:
        return _renamed(path, table, says[0], SPLIT)
    return with_flagged_splits(path, table, tasks)


def without_other_paths(path: str, table: pd.DataFrame, path_column: str) -> pd.DataFrame:
    """Without columns of masks and the like, where others are left that may be labels; told."""
    others = table.columns.drop([path_column, *table.columns.intersection([SPLIT, GROUP, WEIGHT])])
    paths = [name for name in others if table[name].str.lower().str.endswith(EXTENSIONS).eq(True).all()]
    if not paths or len(paths) == len(others):
        return table
    listed = ", ".join(map(repr, paths))
    logging.info("--labels_file=%r has other images in columns that are no labels: %s.", path, listed)
    return table.drop(columns=paths)


def _says_splits(cells: pd.Series) -> bool:
    words = cells.fillna("").unique()
    # The first path, or label, that is none ends it.
    return all(map(split_of, words)) and len(set(map(split_of, words))) > 1


def _renamed(path: str, table: pd.DataFrame, written: str, known: str) -> pd.DataFrame:
    logging.info("--labels_file=%r has column %r, which is read as %r.", path, written, known)
    return table.rename(columns={written: known})
