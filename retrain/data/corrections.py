"""Corrected labels: a run's label_issues.csv, or a copy of it, in which the user filled in a column.

The images and their folders stay as they are. The other columns tell of the run that wrote the file: in which
split it had each image, what it took it for.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from absl import logging

from retrain.data.folder import count
from retrain.data.listing import SEPARATOR, SPLITS, Listing
from retrain.data.table_file import read_cells
from retrain.data.table_labels import CORRECTED
from retrain.errors import InputError
from retrain.extensions import unknown_name

EARLIER = ["path", "task", "split", "label", "predicted"]


class Corrections(NamedTuple):
    """What is said of the images of a listing.

    Attributes:
      labels: task -> path -> what the label should be, as it would be written.
      earlier: what the earlier run knew of all its images; columns as in EARLIER, "" where nothing is said.
    """

    labels: Mapping[str, Mapping[str, str]]
    earlier: pd.DataFrame

    @property
    def splits(self) -> dict[str, str]:
        """Path -> the split in which the earlier run had it."""
        known = self.earlier[self.earlier["split"].isin(SPLITS)]
        return dict(zip(known["path"], known["split"], strict=True))


def read_corrections(path: str, listing: Listing, several: Mapping[str, bool]) -> Corrections:
    """InputError for what corrects nothing; `several`: task -> whether an image may have several labels."""
    table = read_cells(path, listing.image_dir, "corrections")
    if missing := {"path", CORRECTED} - set(table.columns):
        raise InputError(
            f"--corrections={path!r} has no column {min(missing)!r}: name a run's label_issues.csv, or a "
            f"copy of it, with the right label in column {CORRECTED!r} wherever a label is wrong."
        )
    table = table.reindex(columns=[*EARLIER, CORRECTED]).astype(object)
    table = table.fillna({"task": next(iter(listing.columns))}).fillna("")
    table[CORRECTED] = table[CORRECTED].str.strip()
    filled = table[table[CORRECTED] != ""]
    here = filled[filled["path"].isin(set(listing.paths))]
    _check_rows(path, len(filled), here)
    labels: dict[str, dict[str, str]] = {}
    for image, task, label in zip(here["path"], here["task"], here[CORRECTED], strict=True):
        if task not in listing.columns:
            raise InputError(f"--corrections={path!r}: {unknown_name(task, listing.columns, 'task')}")
        for name in label.split(SEPARATOR) if several[task] else [label]:
            if name not in (names := listing.columns[task].names):
                raise InputError(f"--corrections={path!r} at {image!r}: {unknown_name(name, names, 'class')}")
        labels.setdefault(task, {})[image] = label
    return Corrections(labels, table[EARLIER])


def _check_rows(path: str, filled: int, here: pd.DataFrame) -> None:
    if not filled:
        raise InputError(
            f"--corrections={path!r} has nothing in its column {CORRECTED!r}: write the right label there "
            f"wherever a label is wrong."
        )
    if here.empty:
        raise InputError(
            f"--corrections={path!r} corrects {count(filled, 'label')}, but none of an image that is there: "
            f"name the file of a run on these images."
        )
    first = here.iloc[0]
    logging.info(
        "%s",
        f"Corrections: {count(len(here), 'label')}, such as that of {first['path']!r}, {first[CORRECTED]!r}."
        + (f" Of images that are not there: {filled - len(here)}." if filled > len(here) else ""),
    )
