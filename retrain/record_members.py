"""What lies in a file of TFRecord, and where: images of its Examples are read in place, and never unpacked.

An image is called as its record says, if all of the file are called differently, else by the number of its
record, as 000123.jpg. Each file is gone through once a process, for the images and for their labels.
"""

import functools
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from retrain.errors import InputError
from retrain.image_formats import ENDINGS, LONGEST, format_of, names_of_images
from retrain.members import Members, Place
from retrain.tfrecord import DamagedError, Span, Window, byte_strings, features, integers, records

_NAMED = r"\.tfrec(?:ord)?s?(?:-\d+-of-\d+)?(?:\.gz)?"  # as by Kaggle, TF Slim and TFDS
_NUMBERED = r"-\d{5}-of-\d{5}"  # alone, as ImageNet's
ENDING = f"(?:{_NAMED}|{_NUMBERED})"
NAME = re.compile(rf".+{_NAMED}|[^.]+{_NUMBERED}", re.IGNORECASE)
# Features as TF Slim, TFDS and others call them; of labels the first that says something, names first.
IMAGE_FIELDS = ("image/encoded", "image")
NAME_FIELDS = ("image/filename", "file_name", "filename")
LABEL_FIELDS = (
    *("image/class/text", "class_name", "label_name", "class", "category", "label", "labels", "cls"),
    "image/class/label",
)
LARGEST = 2**16  # bytes of a name or label
COMPRESSED = {b"\x1f\x8b": "GZIP", b"\x78\x01": "ZLIB", b"\x78\x5e": "ZLIB", b"\x78\x9c": "ZLIB"}


class Said(NamedTuple):
    """What a record says of its image: names or numbers of labels, and the feature that says it."""

    feature: str
    values: tuple[str, ...] | tuple[int, ...]


class _Image(NamedTuple):
    place: Place
    name: str
    number: str
    said: Said | None


class _Content(NamedTuple):
    members: Members
    said: Mapping[str, Said]


def is_records(path: str) -> bool:
    """Whether this is a file that is called as those of TFRecord are, compressed or not."""
    return NAME.fullmatch(os.path.basename(path)) is not None and os.path.isfile(path)


def members_of(path: str) -> Members:
    """The images in the file as it is now; InputError for what is no whole file without compression."""
    return _content(path).members


def said_in(path: str) -> Mapping[str, Said]:
    """By the name of an image what its record says of it, of those of which something is said."""
    return _content(path).said


def _content(path: str) -> _Content:
    status = os.stat(path)
    return _read(os.path.abspath(path), status.st_size, status.st_mtime_ns)


@functools.cache
def _read(path: str, size: int, mtime_ns: int) -> _Content:
    left_out: Counter[str] = Counter()
    try:
        with open(path, "rb") as file:
            images = [*_images(Window(file), left_out)]
    except OSError as error:
        raise InputError(f"{path!r} cannot be read ({error.strerror}): make it readable.") from error
    except DamagedError as error:
        raise _no_records(path, error) from error
    names = names_of_images([image.name for image in images], [image.number for image in images])
    places = {name: image.place for name, image in zip(names, images, strict=True)}
    said = {name: image.said for name, image in zip(names, images, strict=True) if image.said}
    return _Content(Members(places, left_out), said)


def _images(window: Window, left_out: Counter[str]) -> Iterator[_Image]:
    """Of each record that has one; the others are counted."""
    same: dict[Said | None, Said | None] = {}
    for number, record in enumerate(records(window)):
        found = features(window, record)
        place = _encoded(window, found)
        if place is None:
            left_out["records without an image that is encoded"] += 1
            continue
        name = next(filter(None, (_text(window, found, field) for field in NAME_FIELDS)), "")
        said = _said(window, found)
        ending = ENDINGS[_format(window, place)]
        yield _Image(Place(*place), name, f"{number:06}{ending}", same.setdefault(said, said))


def _encoded(window: Window, found: Mapping[str, Span]) -> Span | None:
    """The image: one in a feature that is called so, else the only one."""
    for field in IMAGE_FIELDS:
        if (place := _image_in(window, found, field)) is not None:
            return place
    others = [place for field in found if (place := _image_in(window, found, field)) is not None]
    return others[0] if len(others) == 1 else None


def _image_in(window: Window, found: Mapping[str, Span], field: str) -> Span | None:
    # Two are enough to know: a file may claim a hundred million.
    places = [*itertools.islice(byte_strings(window, found[field]), 2)] if field in found else []
    return places[0] if len(places) == 1 and _format(window, places[0]) else None


def _format(window: Window, place: Span) -> str:
    return format_of(window.at(place[0], min(place[1], LONGEST)))


def _said(window: Window, found: Mapping[str, Span]) -> Said | None:
    fields = [field for field in LABEL_FIELDS if field in found and found[field][1] <= LARGEST]
    for field in fields:
        if names := tuple(filter(None, _texts(window, found[field]))):
            return Said(field, names)
    for field in fields:
        if numbers := tuple(integers(window, found[field])):
            return Said(field, numbers)
    return None


def _text(window: Window, found: Mapping[str, Span], field: str) -> str:
    if field not in found or found[field][1] > LARGEST:
        return ""
    texts = _texts(window, found[field])
    return texts[0] if len(texts) == 1 else ""


def _texts(window: Window, feature: Span) -> list[str]:
    texts = []
    for place in byte_strings(window, feature):
        try:
            texts.append(window.at(*place).decode().strip())
        except UnicodeDecodeError as error:
            if not _format(window, place):  # a mask
                raise DamagedError(f"a label or name at byte {place[0]} is not UTF-8") from error
    return texts


def _no_records(path: str, error: DamagedError) -> InputError:
    with open(path, "rb") as file:
        form = COMPRESSED.get(file.read(2))
    if form and str(error).endswith("begins at byte 0"):
        return InputError(
            f"{path!r} is compressed ({form}), but a file of TFRecord without compression was expected, for "
            "images are read in place, and photos become no smaller: write it without, as "
            "`gzip -dc < FILE > NEW_FILE` does for GZIP."
        )
    return InputError(
        f"{path!r} cannot be read ({error}), but a whole file of TFRecord was expected, each record a "
        "tf.train.Example: fetch or write it again."
    )
