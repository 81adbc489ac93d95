"""The labels in a file of TFRecord or Parquet: names, or numbers whose names stand in a file beside it.

That file is FEATURE.labels.txt, as TFDS writes it, or labels.txt, as TF Slim does (0:daisy); it may lie above
folders of splits. Without it a number is its own name; one below 0 is none.
"""

import os
import re
from collections.abc import Mapping, Set
from typing import NamedTuple

from retrain.data.listing import SEPARATOR
from retrain.data.shard_labels import Cell
from retrain.data.split_words import split_of
from retrain.errors import InputError
from retrain.label_files import LABELS
from retrain.parquet import reader_of
from retrain.record_members import Said, is_records, said_in

NUMBERED = re.compile(r"(\d+):(.*)")


class RecordLabels(NamedTuple):
    """By the name of an image what it is labelled; no member holds labels alone."""

    by_image: Mapping[str, Cell]
    members: Set[str] = frozenset()

    def of(self, member: str) -> Cell | None:
        """The label of an image."""
        return self.by_image.get(member)


class _Names(NamedTuple):
    file: str
    by_number: Mapping[int, str]


def labels_in(path: str) -> RecordLabels:
    """Those of all images; InputError for a number without a name where others have names."""
    cells: dict[Said, Cell | None] = {}
    names: dict[str, _Names | None] = {}
    found = {}
    says = said_in(path) if is_records(path) else reader_of(path).said_in(path)
    for image, said in says.items():
        if said not in cells:
            if said.feature not in names:
                names[said.feature] = _names_of(path, said.feature)
            cells[said] = _cell(f"{path}/{image}", said, names[said.feature])
        if (cell := cells[said]) is not None:
            found[image] = cell
    return RecordLabels(found)


def _cell(image: str, said: Said, names: _Names | None) -> Cell | None:
    """None where it says nothing."""
    labels = [_label(image, value, names) for value in said.values if isinstance(value, str) or value >= 0]
    return Cell(SEPARATOR.join(labels), several=len(labels) > 1) if labels else None


def _label(image: str, value: str | int, names: _Names | None) -> str:
    if isinstance(value, str) or names is None:
        return str(value)
    if value not in names.by_number:
        raise InputError(
            f"{image!r} has label {value}, of which {names.file!r} says no name, but it was expected to have "
            "one for each number: add it, or move that file away, and numbers are names."
        )
    return names.by_number[value]


def _names_of(path: str, feature: str) -> _Names | None:
    folder = os.path.dirname(os.path.abspath(path))
    folders = [folder, os.path.dirname(folder)] if split_of(os.path.basename(folder)) else [folder]
    files = [os.path.join(place, name) for name in (f"{feature}.{LABELS}", LABELS) for place in folders]
    file = next(filter(os.path.isfile, files), None)
    return None if file is None else _Names(file, _names_in(file))


def _names_in(file: str) -> Mapping[int, str]:
    try:
        with open(file, encoding="utf-8-sig") as lines:
            names = lines.read().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file!r} is not UTF-8, but names of labels were expected there, one a line: save it as UTF-8."
        ) from error
    numbered = [NUMBERED.fullmatch(name) for name in names if name.strip()]
    pairs = [(int(m[1]), m[2]) for m in numbered] if all(numbered) else enumerate(names)
    return {number: name.strip() for number, name in pairs if name.strip()}
