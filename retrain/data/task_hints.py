"""What a table's columns are that nobody named: tasks, the first of them the main one, or what shares images.

Metadata in the first columns would be the main task, and images of one patient lie in several splits.
"""

import re
from collections.abc import Collection, Mapping

import pandas as pd
from absl import logging

from retrain.data.listing import Column
from retrain.data.table_labels import GROUP, SPLIT

SHOWN = 3
MANY_CLASSES = 20
LABELS = {
    *("label", "labels", "class", "classes", "category", "categories", "target", "species", "breed", "kind"),
    *("diagnosis", "dx", "tag", "tags", "type", "variety", "y"),
}
OWNERS = {"patient", "subject", "lesion", "session", "video", "study", "person", "individual", "case"}
IDENTITIES = {"id", "ids", "nr", "no", "number"}


def hint_at_tasks(path: str, columns: Mapping[str, Column]) -> None:
    """Tells which columns are tasks, where they are several that --tasks did not name, and how to choose."""
    if len(columns) < 2:
        return
    logging.info(
        "--labels_file=%r has %d columns that are tasks, each with a head of its own, the first of them the "
        "main one (%s): if some are no labels, name the others, as in --tasks=%s.",
        path,
        len(columns),
        ", ".join(map(repr, [*columns][:SHOWN])) + ", ..." * (len(columns) > SHOWN),
        max(columns, key=lambda task: _likelihood(task, columns[task])),
    )


def hint_at_groups(path: str, table: pd.DataFrame, tasks: Collection[str]) -> None:
    """Tells of columns that name what images are of, where nothing keeps these in one split."""
    if GROUP in table.columns or SPLIT in table.columns:
        return
    for name in [name for name in table.columns if _names_owners(name) and name not in tasks]:
        of_several = table[name].dropna().duplicated(keep=False)
        if of_several.any() and table[name].nunique() > 1:
            logging.info(
                "--labels_file=%r has %d images that share what is in column %r with others: call it %r if "
                "images of one must stay in one split.",
                path,
                int(of_several.sum()),
                name,
                GROUP,
            )


def _likelihood(task: str, column: Column) -> tuple[bool, bool]:
    """Whether it holds classes, and is called as they are."""
    known = sum(cell is not None for cell in column.cells)
    classes = 1 < len(column.names) <= max(MANY_CLASSES, known // 2)
    return classes and not _names_owners(task), bool(LABELS & _words(task))


def _names_owners(name: str) -> bool:
    words = _words(name)
    return not words & LABELS and bool(words & OWNERS or words & IDENTITIES)


def _words(name: str) -> set[str]:
    """Of patient_id, PatientID and patientId: patient, id."""
    return {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)}
