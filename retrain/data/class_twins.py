"""Class names that are one class twice: Cat and cat, an accent as one character or two, a blank too many,
1 and 1.0 as programs write a number when another one is missing.

They are joined where the user says so, kept apart where he says that, and else refused: apart, half of a
class would be taught to be no such thing.
"""

import collections
import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from absl import logging

from retrain.data.listing import NOT_KNOWN, SEPARATOR, Column, Listing
from retrain.errors import InputError

SHOWN = 5
WHOLE_NUMBER = re.compile(r"0*(\d+)(\.0+)?")
SOFT = "Cf"  # Unicode's category of characters that have no width, such as a byte order mark


def twin_key(name: str) -> str:
    """The same for names that are twins (Unicode 3.13, canonical caseless match; white space aside)."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    plain = " ".join("".join(char for char in folded if unicodedata.category(char) != SOFT).split())
    number = WHOLE_NUMBER.fullmatch(plain)
    return number[1] if number else plain


def with_twins_settled(listing: Listing, merge: bool | None, where: str) -> Listing:
    """The listing with twins joined, or as it is; InputError where there are some, and nothing is said.

    `where` the labels are is the flag that says it.
    """
    columns = {task: _settled(listing, task, merge, where) for task in listing.columns}
    return dataclasses.replace(listing, columns=columns)


def _settled(listing: Listing, task: str, merge: bool | None, where: str) -> Column:
    column = listing.columns[task]
    twins = [] if merge is False else _twins(column.names)
    if not twins:
        return column
    counts = collections.Counter(name for cell in column.cells if cell for name in _parts(column, cell))
    if merge is None:
        raise InputError(_sentence(listing, task, where, [_listed(names, counts) for names in twins]))
    kept = {name: max(names, key=counts.__getitem__) for names in twins for name in names}
    for names in twins:
        logging.info("Class names joined: %s are %r.", _listed(names, counts), kept[names[0]].strip())
    renamed = {name: to.strip() for name, to in kept.items()}
    return column._replace(cells=[cell and _renamed(column, cell, renamed) for cell in column.cells])


def _twins(names: Iterable[str]) -> list[list[str]]:
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(twin_key(name), []).append(name)
    return [twins for twins in by_key.values() if len(twins) > 1]


def _parts(column: Column, cell: str) -> list[str]:
    """The labels in a cell."""
    parts = filter(None, cell.split(SEPARATOR)) if column.several else [cell]
    return [part.removeprefix(NOT_KNOWN) if column.several else part for part in parts]


def _renamed(column: Column, cell: str, names: Mapping[str, str]) -> str:
    """A cell with other names; that an image has a label counts more than that it is not known of a twin."""
    if not column.several:
        return names.get(cell, cell)
    there: dict[str, bool] = {}
    for part, name in zip(filter(None, cell.split(SEPARATOR)), _parts(column, cell), strict=True):
        to = names.get(name, name)
        there[to] = there.get(to, False) or not part.startswith(NOT_KNOWN)
    return SEPARATOR.join(NOT_KNOWN * (not known) + name for name, known in there.items())


def _listed(names: Sequence[str], counts: Mapping[str, int]) -> str:
    """With their numbers of images; those that look alike letter by letter."""
    alike = len({unicodedata.normalize("NFC", name) for name in names}) < len(names)
    shown = [f"{ascii(name) if alike else repr(name)} ({counts[name]})" for name in names]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _sentence(listing: Listing, task: str, where: str, twins: Sequence[str]) -> str:
    said = f"{where} has labels in column {task!r}"
    if listing.class_folders:
        said = f"{listing.image_dir!r} has class folders"
    more = f", and {len(twins) - SHOWN} others" if len(twins) > SHOWN else ""
    return (
        f"{said} that differ only in capital letters, blanks, Unicode's form of a character or that of a "
        f"number, with so many images: {'; '.join(twins[:SHOWN])}{more}. Say --merge_class_names if they are "
        f"one class, --nomerge_class_names if they are not, or rename them."
    )
