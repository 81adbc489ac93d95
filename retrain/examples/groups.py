"""Groups: images that must share a split, because they are copies of one photo, exact or nearly so.

A split that is given stays as it is, whatever lies in two of its parts: that is reported. Content is compared
in steps, each only among files that the step before could not tell apart: by size, which is known already, by
a slice from the middle, by SHA-256. Hashing all would read every image at every start.
"""

import collections
import hashlib
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.examples.labelled import LabelledExamples
from retrain.examples.near_duplicates import near_duplicates
from retrain.image_files import opened

Sets = Sequence[Sequence[str]]  # of paths that belong together

# More images than this that look alike, if they are also more than this share of all, are no copies of one
# photo, but what a camera sees that never moves: kept together they would leave nothing to test on.
COPIES, SHARE = 10, 0.02
SLICE = 4096  # bytes


class Duplicates(NamedTuple):
    """Sets of paths: files of the same content; images that look alike, and are not all the same content."""

    exact: Sets
    near: Sets


def find_duplicates(examples: LabelledExamples, thumbnails: np.ndarray) -> Duplicates:
    """Of the files of the examples, whose thumbnails uint8 [N, S, S, 3] these are."""
    paths, exact = examples.paths, same_content(examples)
    near = [[paths[row] for row in rows] for rows in near_duplicates(thumbnails)]
    content = {path: number for number, same in enumerate(exact) for path in same}
    return Duplicates(
        exact, [alike for alike in near if len({content.get(path, path) for path in alike}) > 1]
    )


def grouped(examples: LabelledExamples, duplicates: Duplicates) -> LabelledExamples:
    """The examples with one group for near duplicates, which is logged; none new where splits are given."""
    if "" not in examples.splits:
        return examples
    most = max(COPIES, SHARE * len(examples))
    copies = [paths for paths in duplicates.near if len(paths) <= most]
    _log_copies(copies)
    _log_scenes(len(paths) for paths in duplicates.near if len(paths) > most)
    return join_groups(examples, copies)


def join_groups(examples: LabelledExamples, together: Iterable[Sequence[str]]) -> LabelledExamples:
    """One group for groups that share a set of paths in `together`, called after the first of them."""
    groups = examples.groups
    group_of = dict(zip(examples.paths, groups, strict=True))
    joined: dict[str, str] = {}
    for paths in together:
        firsts = {_first(joined, group_of[path]) for path in paths}
        joined |= dict.fromkeys(firsts, min(firsts))
    return examples.with_groups([_first(joined, name) for name in groups])


def _first(joined: dict[str, str], name: str) -> str:
    while joined.get(name, name) != name:
        name = joined[name]
    return name


def _log_copies(copies: Sets) -> None:
    notes = [
        f"{path!r} is nearly the same image as {paths[0]!r}: they share a split."
        for paths in copies
        for path in paths[1:]
    ]
    log_notes(notes, "images are nearly the same as others.")


def _log_scenes(sizes: Iterable[int]) -> None:
    for size in sorted(sizes, reverse=True):
        logging.info(
            "%d images look nearly alike, as those of a camera that does not move do: too many to keep them "
            "in one split; give each its group in a table of labels if they are copies.",
            size,
        )


def same_content(examples: LabelledExamples) -> list[list[str]]:
    """The sets of paths, two or more each, that hold the same content; sorted."""
    size = dict(zip(examples.paths, examples.table["size"].tolist(), strict=True))
    image_dir = examples.image_dir
    # Empty files are all alike, but no images.
    together = [[path for path in size if size[path]]]
    together = _tell_apart(together, size.get)
    together = _read_apart(together, size, lambda path: _middle(os.path.join(image_dir, path), size[path]))
    together = _read_apart(together, size, lambda path: _hash(os.path.join(image_dir, path)))
    return sorted(map(sorted, together))


def _read_apart(
    together: list[list[str]], order: Iterable[str], key: Callable[[str], Hashable]
) -> list[list[str]]:
    """Splits each set by a key that is read, in the order of all paths: in shards some lie together."""
    unclear = {path for paths in together for path in paths}
    keys = {path: _readable(key, path) for path in order if path in unclear}
    return _tell_apart(together, keys.get)


def _tell_apart(together: list[list[str]], key: Callable[[str], Hashable]) -> list[list[str]]:
    """Splits each set by key and keeps what is still two or more."""
    finer = []
    for paths in together:
        by_key = collections.defaultdict(list)
        for path in paths:
            by_key[key(path)].append(path)
        finer += [paths for paths in by_key.values() if len(paths) > 1]
    return finer


def _readable(key: Callable[[str], Hashable], path: str) -> Hashable:
    try:
        return key(path)
    except OSError:  # cannot be read: the same as no other, and skipped later with its reason
        return (path,)


def _middle(path: str, size: int) -> bytes:
    with opened(path) as file:
        file.seek(max(0, (size - SLICE) // 2))
        return hashlib.blake2b(file.read(SLICE), digest_size=16).digest()


def _hash(path: str) -> bytes:
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").digest()


SHOWN_NOTES = 5


def log_notes(notes: Sequence[str], what: str) -> None:
    """The first few, and how many more there are of `what`."""
    for note in notes[:SHOWN_NOTES]:
        logging.info("%s", note)
    more = len(notes) - SHOWN_NOTES
    if more > 0:
        logging.info("... and %d more %s", more, what)
