"""Tables as tools write them: a run's, Label Studio's, those of each split; what is no label is left out.

All of it is told. Of other tables every column is left to `retrain.data.table`.
"""

import json
import os
import re
from collections.abc import Collection

import pandas as pd
from absl import logging

from retrain.data.listing import CLASSES_FILE, TASK, is_table, top_level
from retrain.data.split_words import split_of
from retrain.data.table_file import read_cells
from retrain.data.table_labels import CORRECTED, GROUP, SPLIT, WEIGHT
from retrain.errors import InputError

LABEL_ISSUES = {"path", "task", "label", "suggested", "rank"}
LABEL_STUDIO = {"annotation_id", "lead_time"}
OF_LABEL_STUDIO = (*LABEL_STUDIO, "id", "annotator", "created_at", "updated_at")
FILE_ATTRIBUTES = "file_attributes"  # VGG Image Annotator's, an object in each cell
OF_VIA = (
    "file_size",
    "size",
    "regions",
    "region_count",
    "region_id",
    "region_shape_attributes",
    "region_attributes",
)
FILE_NAME = "file_name"  # Hugging Face's column of paths, at any place
FOLD = re.compile(
    r"((cv|k|strat(ified)?)[-_ ]?)?(folds?|partition)([-_ ]?(id|nr|no|idx|index|number))?", re.IGNORECASE
)
# Columns that train, evaluate and predict write, but for the labels that are known or predicted.
RESULTS = re.compile(r"(predicted|probability(_\d+)?|class_([2-9]|\d\d+))(/|$)|familiarity$")
CHOICES = '{"choices"'
SHOWN = 5


def tool_cells(path: str, image_dir: str, tasks: Collection[str] = ()) -> pd.DataFrame:
    """The cells of a table, or of those in the folders of splits in `path`, without what is no label.

    `tasks` are labels, as the user says.
    """
    tables = _tables_of_splits(path) if os.path.isdir(path) else {}
    if tables:
        listed = ", ".join(repr(f"{split}/{name}") for split, name in tables.items())
        logging.info("--labels_file=%r is read as one table of %s.", path, listed)
        parts = [_of_split(path, split, name) for split, name in tables.items()]
        table = pd.concat(parts, ignore_index=True)
    else:
        table = _cells(path, image_dir)
    if CLASSES_FILE in (os.path.basename(path), *tables.values()):
        logging.info("The columns of Roboflow's %s are labels of one task, %r.", CLASSES_FILE, TASK)
    if set(table.columns) >= LABEL_ISSUES:
        table = _of_label_issues(table)
    if {"filename", FILE_ATTRIBUTES} <= set(table.columns):
        table = _of_via(path, table)
    table = table.astype(object).where(table.notna(), None).apply(_choices)
    return _without(path, table, [name for name in _no_labels(table) if name not in tasks])


def _of_label_issues(table: pd.DataFrame) -> pd.DataFrame:
    """A column for each task, with the labels as the user has corrected them, and the splits of the run."""
    if CORRECTED in table.columns:
        logging.info("Labels are taken as its column %r has them: %d.", CORRECTED, table[CORRECTED].count())
        table = table.assign(label=table[CORRECTED].fillna(table["label"]))
    known = [name for name in ("path", SPLIT) if name in table.columns]
    return table.pivot(index=known, columns="task", values="label").reset_index()


def _of_via(path: str, table: pd.DataFrame) -> pd.DataFrame:
    """A column for each attribute of the files; regions are no images."""
    try:
        attributes = [json.loads(cell or "{}") for cell in table[FILE_ATTRIBUTES]]
    except json.JSONDecodeError:  # another's
        return table
    if not any(attributes):
        raise InputError(
            f"--labels_file={path!r} is VGG Image Annotator's, but says nothing in {FILE_ATTRIBUTES!r}, "
            "where labels of images were expected, not of regions: write a table of paths and labels, as CSV."
        )
    logging.info("The attributes of files in VGG Image Annotator's %r are columns of labels.", path)
    labels = pd.DataFrame(attributes, table.index, dtype=object).map(_attribute)
    table = table.drop(columns=[name for name in (*OF_VIA, FILE_ATTRIBUTES) if name in table])
    return table.join(labels.drop(columns=table.columns, errors="ignore"))


def _attribute(value: object) -> str | None:
    """Of a box that may be checked, all that are, as a list written as text."""
    if isinstance(value, dict):
        return str([name for name, checked in value.items() if checked])
    return None if value in ("", None) or value != value else str(value)


def _tables_of_splits(directory: str) -> dict[str, str]:
    """Folder of a split -> its table; none where no folder is called so, or one has no table."""
    found = {}
    for split in filter(split_of, top_level(directory).folders):
        tables = sorted(name for name in os.listdir(os.path.join(directory, split)) if is_table(name))
        if not tables:
            return {}
        found[split] = CLASSES_FILE if CLASSES_FILE in tables else tables[0]
    return found


def _of_split(directory: str, split: str, name: str) -> pd.DataFrame:
    """With paths from `directory`, and the split."""
    folder = os.path.join(directory, split)
    table = _cells(os.path.join(folder, name), folder)
    paths = FILE_NAME if FILE_NAME in table.columns else table.columns[0]
    return table.assign(**{paths: f"{split}/" + table[paths], SPLIT: split})


def _cells(path: str, image_dir: str) -> pd.DataFrame:
    table = read_cells(path, image_dir)
    if os.path.basename(path) != CLASSES_FILE:
        return table
    return table.rename(columns={name: f"{TASK}:{name}" for name in table.columns[1:]})


def _no_labels(table: pd.DataFrame) -> list[str]:
    """The columns of a tool's table that say other things of an image than its labels."""
    names = list(table.columns)
    found = [name for name in names if FOLD.fullmatch(name) and table[name].str.isdecimal().all()]
    found += [name for name, cells in table.items() if _are_objects(cells)]
    labels = [name for name in names[1:] if name not in (*found, SPLIT, GROUP, WEIGHT)]
    empty = [name for name in labels if table[name].isna().all()]
    if len(empty) < len(labels):
        found += empty
    if set(names) >= LABEL_STUDIO:
        found += [name for name in names if name in OF_LABEL_STUDIO]
    results = [name for name in names if RESULTS.match(name)]
    if names[0] == "path" and any(name.startswith("probability") for name in results):
        found += results
        if SPLIT in names and table[SPLIT].eq("evaluation").all():
            found.append(SPLIT)
    if names[:3] == ["path", SPLIT, "size"] and table["size"].str.isdecimal().all():
        found += ["size", *(name for name in names if name == "content_hash")]
    return found


def _are_objects(cells: pd.Series) -> bool:
    """Whether all are JSON's objects; most columns are known by their first cell to hold none."""
    form = r"""\{\s*(\}|("[^"]*"|'[^']*')\s*:.*\})$"""  # and no set of Python's
    return all(of.str.match(form, na=False).all() for of in (cells[:1], cells))


def _without(path: str, table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    if not names:
        return table
    if len(names) == len(table.columns):
        raise InputError(
            f"--labels_file={path!r} has an object in every cell, such as {table.iloc[0, 0]}, but paths and "
            "labels were expected: write a table of these, as CSV."
        )
    listed = ", ".join(map(repr, names[:SHOWN])) + ", ..." * (len(names) > SHOWN)
    logging.info("--labels_file=%r has columns that are not taken for labels: %s.", path, listed)
    return table.drop(columns=names)


def _choices(cells: pd.Series) -> pd.Series:
    """Label Studio's several choices beside single ones, all as lists written as text."""
    several = cells.str.startswith(CHOICES, na=False)
    if not several.any():
        return cells
    lists = [json.loads(cell)["choices"] if cell.startswith(CHOICES) else [cell] for cell in cells.dropna()]
    return cells.mask(cells.notna(), pd.Series(map(str, lists), cells.dropna().index, dtype=object))
