"""What lies in a file of Parquet, and where: images in its rows are read in place, and never unpacked.

Of the columns of images nothing is read here but what the file says of them: an image is a row group, and a
row in it. It is called as a column of names says, if all of the file are called differently, else by the
number of its row and the format of the first, as 000123.jpg. Each file is gone through once a process.
"""

import contextlib
import functools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from retrain.errors import InputError
from retrain.image_formats import ENDINGS, LONGEST, format_of, names_of_images
from retrain.members import Members
from retrain.parquet_columns import (
    ImageColumn,
    LabelColumn,
    has_images,
    image_column,
    label_column,
    place_of,
)
from retrain.record_members import Said
from retrain.row_groups import Row, metadata_of, values

LARGEST_GROUP = 2**29  # bytes of images, for those of two are in memory


class _Content(NamedTuple):
    """Members, and the number of the row of each."""

    members: Members
    numbers: Sequence[int]


def holds_images(path: str) -> bool:
    """Whether the file has a column of bytes; InputError for what is no whole file of Parquet."""
    return _holds_images(*_key(path))


def members_of(path: str) -> Members:
    """The images in the file as it is now; InputError where it is open which column holds them."""
    return _read(*_key(path)).members


def said_in(path: str) -> Mapping[str, Said]:
    """By the name of an image what its row says of it, of those of which something is said.

    InputError where it is open which column does.
    """
    with _whole(path):
        column = label_column(path, metadata_of(path))
        labels = [] if column is None else values(path, column.name).to_pylist()
    if column is None:
        return {}
    content = _read(*_key(path))
    found, same = {}, {}
    for image, number in zip(content.members.places, content.numbers, strict=True):
        cell = labels[number]
        key = tuple(cell) if isinstance(cell, list) else cell
        if key not in same:
            same[key] = _said(f"{path}/{image}", column, cell)
        if same[key] is not None:
            found[image] = same[key]
    return found


def _key(path: str) -> tuple[str, int, int]:
    status = os.stat(path)
    return os.path.abspath(path), status.st_size, status.st_mtime_ns


@functools.cache
def _holds_images(path: str, size: int, mtime_ns: int) -> bool:
    with _whole(path):
        return has_images(metadata_of(path))


@functools.cache
def _read(path: str, size: int, mtime_ns: int) -> _Content:
    with _whole(path):
        file = metadata_of(path)
        column = image_column(path, file)
        rows = {number: row for number, row in enumerate(_rows(path, file, column.name)) if row}
        names = _names(path, column, rows)
    left_out = Counter({"rows without an image": file.num_rows - len(rows)})
    return _Content(Members(dict(zip(names, rows.values(), strict=True)), +left_out), [*rows])


def _rows(path: str, file: pq.FileMetaData, column: str) -> Iterator[Row | None]:
    """Of each row where its image is; None where it has none."""
    place = place_of(file, column)
    for number in range(file.num_row_groups):
        group = file.row_group(number)
        about = group.column(place)
        size = about.total_uncompressed_size
        if size > LARGEST_GROUP:
            raise _large_group(path, size)
        count = about.statistics
        are_all = count is not None and count.has_null_count and count.null_count == 0
        is_there = [True] * group.num_rows if are_all else values(path, column, number).is_valid().to_pylist()
        yield from (Row(column, number, row) if there else None for row, there in enumerate(is_there))


def _names(path: str, column: ImageColumn, rows: Mapping[int, Row]) -> list[str]:
    for said_in_column in column.names:
        said = values(path, said_in_column).to_pylist()
        if names := names_of_images([said[number] or "" for number in rows], ()):
            return names
    ending = _ending(path, next(iter(rows.values()))) if rows else ""
    return [f"{number:06}{ending}" for number in rows]


def _ending(path: str, first: Row) -> str:
    """Of one image alone, for all of them would be read."""
    content = first.content(path)
    if name := format_of(content[:LONGEST]):
        return ENDINGS[name]
    raise InputError(
        f"{path!r} has bytes in its column {first.column!r} ({content[:LONGEST]!r}...) that are no image, "
        "but such were expected there, encoded as JPEG, PNG or the like: write them so."
    )


def _said(image: str, column: LabelColumn, cell: Any) -> Said | None:
    """None where it says nothing."""
    labels = [_label(image, column, label) for label in (cell if isinstance(cell, list) else [cell])]
    labels = [label for label in labels if label not in (None, "")]
    return Said(column.name, tuple(labels)) if labels else None


def _label(image: str, column: LabelColumn, label: Any) -> str | int | None:
    """A name, or a number, whose name may stand in a file beside; None where it says nothing."""
    if label is None or label != label:  # as is a number that is missing
        return None
    if isinstance(label, str) or label != int(label):
        return str(label).strip()
    if not column.classes or label < 0:
        return int(label)
    if label < len(column.classes):
        return column.classes[int(label)]
    raise InputError(
        f"{image!r} has label {label} in column {column.name!r}, but the file says names of "
        f"{len(column.classes)} classes, counted from 0: mend the one or the other."
    )


@contextlib.contextmanager
def _whole(path: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise InputError(f"{path!r} cannot be read ({error.strerror}): make it readable.") from error
    except (OSError, pa.ArrowException) as error:
        words = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"{path!r} cannot be read ({words}), but a whole file of Parquet was expected: fetch or write it "
            "again."
        ) from error


def _large_group(path: str, size: int) -> InputError:
    return InputError(
        f"{path!r} has a row group with {size / 2**20:.0f} MiB of images, but {LARGEST_GROUP / 2**20:.0f} at "
        "most were expected, for it is read at once: write smaller ones (docs/data.md has the lines)."
    )
