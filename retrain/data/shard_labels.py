"""The labels in a tar file of WebDataset's form: what lies beside an image under its name, as .cls or .json.

A name and its endings part at the first dot of the file's name; .cls, a label as text, goes before .json, an
object of which one field is the label, or a list of labels.
"""

import json
import posixpath
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from retrain.data.listing import SEPARATOR
from retrain.errors import InputError
from retrain.image_formats import EXTENSIONS
from retrain.members import Place
from retrain.tar_members import members_of

TEXT, OBJECT = ".cls", ".json"
# Of an object the first of these that says something: names before numbers.
FIELDS = ("class_name", "label_name", "class", "category", "label", "labels", "cls")
LARGEST = 2**20  # bytes


class Cell(NamedTuple):
    """A label as the cell of a table has it; of a list all of them, with SEPARATOR between."""

    text: str
    several: bool = False


class ShardLabels(NamedTuple):
    """The members that hold labels, and by the name of a sample what it is labelled."""

    members: set[str]
    by_sample: Mapping[str, Cell]

    def of(self, member: str) -> Cell | None:
        """The label of an image; none for one of several parts of a sample, such as 000123.mask.png."""
        sample, ending = _parted(member)
        return self.by_sample.get(sample) if ending.count(".") == 1 else None


def labels_in(tar: str) -> ShardLabels:
    """Those that lie beside an image; InputError for what should be a label and is not."""
    members, found, places = set(), {}, members_of(tar).places
    parted = {name: _parted(name) for name in places}
    images = {sample for sample, ending in parted.values() if ending in EXTENSIONS}
    with open(tar, "rb") as file:
        for name, (sample, ending) in parted.items():
            if ending not in (TEXT, OBJECT) or sample not in images:
                continue
            members.add(name)
            if ending == OBJECT and sample in found:
                continue
            cell = _cell(f"{tar}/{name}", ending, _content(file, f"{tar}/{name}", places[name]))
            if cell is not None:
                found[sample] = cell
    return ShardLabels(members, found)


def _parted(name: str) -> tuple[str, str]:
    """folder/000123.seg.PNG -> folder/000123 and .seg.png"""
    folder, base = posixpath.split(name)
    stem, dot, endings = base.partition(".")
    return posixpath.join(folder, stem), f"{dot}{endings}".lower()


def _content(file: BinaryIO, path: str, place: Place) -> str:
    if place.size > LARGEST:
        raise _no_label(path, f"has {place.size} bytes")
    file.seek(place.offset)
    try:
        return file.read(place.size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_label(path, "is not UTF-8") from error


def _cell(path: str, ending: str, content: str) -> Cell | None:
    """None where it says nothing."""
    if ending == TEXT:
        return Cell(content.strip()) if content.strip() else None
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_label(path, f"is not JSON ({error})") from error
    if not isinstance(said, dict):
        raise _no_label(path, "is no JSON object")
    value = next((said[field] for field in FIELDS if said.get(field) not in (None, "")), None)
    if isinstance(value, list):
        return Cell(SEPARATOR.join(map(_text, value)), several=True)
    return None if value is None or isinstance(value, dict) else Cell(_text(value))


def _text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).strip()


def _no_label(path: str, found: str) -> InputError:
    return InputError(
        f"{path!r} {found}, but the label of an image was expected there, as text in .cls or as one of the "
        f"fields {', '.join(FIELDS)} in .json: mend it, or leave it out."
    )
