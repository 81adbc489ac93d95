"""Labels that stand in a table otherwise than heads read them: what is sure is read so, the rest hinted at.

Sure are columns of 0 and 1 with one 1 in each row, the classes of one task.
"""

import re
import shlex
from collections import Counter

import pandas as pd
from absl import logging

from retrain.data.listing import TASK
from retrain.data.table_labels import GROUP, SPLIT, WEIGHT

# Pandas writes its dummies as True and False; beside -1 no 0 stands, which would make it something else.
ZEROES, MINUS, ONES = ("0", "0.0", "false", "no"), ("-1", "-1.0"), ("1", "1.0", "true", "yes")
SHOWN_NAMES = 3
NOTHING = ("nan", "na", "n/a", "<na>", "null", "none")
# Of the parts of what may be several labels, those that other cells have, too, are at least so many.
SHARED_PARTS = 2 / 3
NUMBER = re.compile(r"[-+]?\d*\.?\d+([eE][-+]?\d+)?")
VECTOR = re.compile(r"[01](\.0)?([ ,;/]+[01](\.0)?)+")


def with_one_task(path: str, table: pd.DataFrame, path_column: str) -> pd.DataFrame:
    """With the one column TASK for columns that are the classes of one task; told."""
    names = [name for name in table.columns if name not in (path_column, SPLIT, GROUP, WEIGHT)]
    if len(names) < 2 or path_column == TASK or any(":" in name for name in names):
        return table
    cells = table[names].apply(lambda column: column.str.strip().str.lower())
    words, zeroes = ("-1 and 1", MINUS) if cells.isin(MINUS).any(axis=None) else ("0 and 1", ZEROES)
    ones, empty = cells.isin(ONES), cells.isna()
    binary = [name for name in names if (ones[name] | empty[name] | cells[name].isin(zeroes)).all()]
    if len(binary) < 2:
        return table
    one_each = not empty.any(axis=None) and (ones.sum(axis="columns") == 1).all()
    seen = int(ones.any().sum())
    if len(binary) < len(names) or not one_each or seen < 2:
        logging.info(
            "--labels_file=%r has columns of %s (%s), each a task of its own: if they are labels of one "
            "task, of which an image may have several, call them TASK:LABEL, as in %s.",
            path,
            words,
            _some(binary),
            repr(f"{TASK}:{binary[0]}") + ", with 0 for -1" * (zeroes is MINUS),
        )
        return table
    logging.info(
        "--labels_file=%r has columns of %s with one 1 in each row (%s): they are read as the %s.",
        path,
        words,
        _some(names),
        f"{seen} classes of one task, {TASK!r}",
    )
    return table.drop(columns=names).assign(**{TASK: ones.idxmax(axis="columns").astype(object)})


def hint_at_separator(path: str, cells: pd.Series) -> None:
    """Tells which separator would make several labels of cells that are taken for one label each."""
    texts = cells.dropna().str.strip().unique()
    if len(texts) and all(map(VECTOR.fullmatch, texts)):
        logging.info(
            "--labels_file=%r has vectors of 0 and 1 in column %r, such as %r, each taken for the name of a "
            "class: write names of labels, or a column of 0 and 1 for each, with its name above.",
            path,
            cells.name,
            texts[0],
        )
        return
    for separator in (",", ";", "/", "+", "&", " "):
        counts = Counter(part for text in texts for part in {part.strip() for part in text.split(separator)})
        several = [text for text in texts if separator in text]
        parts = {part.strip() for text in several for part in text.split(separator)}
        if several and sum(counts[part] > 1 for part in parts) >= SHARED_PARTS * len(parts):
            hint = f"has {len(texts)} classes in column {cells.name!r}, such as {several[0]!r}"
            logging.info(
                "--labels_file=%r %s: --label_separator=%s reads such cells as several labels of an image.",
                path,
                hint,
                "space" if separator == " " else shlex.quote(separator),
            )
            return


def hint_at_nothing(path: str, cells: pd.Series) -> None:
    """Tells of labels that look like what other programs write where nothing is known."""
    written = cells[cells.fillna("").str.strip().str.lower().isin(NOTHING)]
    if len(written):
        logging.info(
            "--labels_file=%r has the label %r in column %r (%d such cells): empty them if nothing is known.",
            path,
            written.iloc[0],
            cells.name,
            len(written),
        )


def hint_at_numbers(path: str, cells: pd.Series) -> None:
    """Tells of measures, such as an age of 20.5, of which each would be a class."""
    texts = cells.dropna().str.strip().unique()
    if len(texts) > 2 and all(map(NUMBER.fullmatch, texts)) and any(float(text) % 1 for text in texts):
        logging.info(
            "--labels_file=%r has numbers in column %r, such as %r, each taken for the name of a class: if "
            "they are measures, write ranges for them.",
            path,
            cells.name,
            next(text for text in texts if float(text) % 1),
        )


def _some(names: list[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN_NAMES])) + ", ..." * (len(names) > SHOWN_NAMES)
