"""A split as it was: from the predictions.csv of a run, or any CSV file with columns `path` and `split`.

Where a run's examples.csv lies beside it, or is the file, images are known by their content, too.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from retrain.data.listing import SPLITS
from retrain.errors import InputError

EXAMPLES, CONTENT = "examples.csv", "content_hash"  # of a run; see `retrain.examples.recorded`


class Frozen(NamedTuple):
    """A split as it was: path -> split, path -> hash of the content where that was noted, and who says so."""

    splits: Mapping[str, str]
    contents: Mapping[str, str] = MappingProxyType({})
    source: str = "split file"


def read_split_file(path: str) -> Frozen:
    """The split of each path in the file."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path!r} was expected to be a CSV file with columns 'path' and 'split', but cannot be read "
            f"({getattr(error, 'strerror', None) or error}): name a run's predictions.csv."
        ) from error
    if not {"path", "split"} <= set(columns):
        raise InputError(
            f"{path!r} was expected to have columns 'path' and 'split', but its columns are "
            f"{', '.join(map(repr, columns)) or 'none'}: name a run's predictions.csv."
        )
    unknown = sorted({str(row["split"]) for row in rows} - set(SPLITS))
    if unknown:
        raise InputError(
            f"{path!r} was expected to have 'train', 'validation' or 'test' in column 'split', but also has "
            f"{', '.join(map(repr, unknown))}: name a run's predictions.csv."
        )
    splits = {row["path"]: row["split"] for row in rows}
    return Frozen(splits, _contents(os.path.join(os.path.dirname(path), EXAMPLES)))


def _contents(examples: str) -> dict[str, str]:
    """Path -> content of a run's examples.csv; none where there is no such file, or an old one."""
    try:
        with open(examples, encoding="utf-8", newline="") as file:
            return {row["path"]: row[CONTENT] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        return {}


class Found(NamedTuple):
    """What is known of images, a column each."""

    paths: Sequence[str]
    contents: Sequence[str]
    groups: Sequence[str]
    splits: Sequence[str]


def freeze_splits(images: Found, frozen: Frozen) -> tuple[list[str], list[str]]:
    """The split of each image, where it is decided anyway, but of every image in the file as it is there.

    One that lies elsewhere now is known by its content, one that was edited by its path. A new image joins
    its group where the file has it, and else keeps the split that it has. What has moved or is new is noted.
    """
    old = frozen.splits
    of_content = {content: old[path] for path, content in frozen.contents.items() if path in old}
    moved, known = 0, {}
    for path, content in zip(images.paths, images.contents, strict=True):
        if path in old and frozen.contents.get(path, content) == content:
            known[path] = old[path]
        elif content in of_content:
            known[path], moved = of_content[content], moved + 1
        elif path in old:
            known[path] = old[path]
    if not known:
        raise InputError(
            f"The {frozen.source} was expected to name images of this folder, such as {min(images.paths)!r}, "
            f"but names none of them ({len(frozen.splits)} others): name the file of a run on this folder."
        )
    by_group: dict[str, str] = {}
    for path, group in sorted(zip(images.paths, images.groups, strict=True)):
        if path in known:
            by_group.setdefault(group, known[path])
    total, new, there = len(images.paths), len(images.paths) - len(known), f"in the {frozen.source}"
    notes = {
        f"{moved} of {total} images lie elsewhere than {there}, and stay in their split.": moved,
        f"{new} of {total} images are not {there}: their group or their hash decides.": new,
    }
    rows = zip(images.paths, images.groups, images.splits, strict=True)
    splits = [known.get(path) or by_group.get(group, split) for path, group, split in rows]
    return splits, [note for note, count in notes.items() if count]
