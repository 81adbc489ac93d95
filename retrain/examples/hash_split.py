"""Which split each image is in, decided by a hash of its path: the same tomorrow and on another machine.

The path is relative to image_dir, so that moving the folder moves no image. It is hashed up to `_nohash_`,
and images with the same content, or nearly, are one group: what belongs together stays together. Adding
images moves none, except where a class would have nothing in a split, or where a new image duplicates an old
one; both are noted. A class of three groups or more has one in every split asked for; of two, one in train
and one in validation (in test when no validation is asked for); of one, in train.

A group under two labels is wrong under one of them, whatever is predicted: it stays in train, where no figure
is taken, and only the other groups of its classes are moved to fill a split.
"""

import bisect
import collections
import hashlib
import itertools
from collections.abc import Sequence

from retrain.data.listing import SPLITS

HASH_STEPS = 2**27 - 1  # from 0 to 100 %, as in retrain.py
HASH_ORDER = ("validation", "test", "train")  # validation takes the low end, then test

Bounds = tuple[float, float, float, float]  # of the three ranges in HASH_ORDER
Percentages = tuple[float, float]  # of validation and of test


def hash_splits(
    paths: Sequence[str], labels: Sequence[str], groups: Sequence[str], percentages: Percentages
) -> tuple[list[str], list[str]]:
    """The split of each image, of one label, and a note on each path that is not where its hash puts it."""
    bounds, classes = bounds_of(percentages), _classes(labels, groups)
    hashed = {group: percentage(group) for group in classes}
    filled: dict[str, str] = {}
    for of_class in _groups_by_class(classes).values():
        shared = sum(len(classes[group]) > 1 for group in of_class)
        own = {group: hashed[group] for group in of_class if len(classes[group]) == 1}
        filled |= fill_empty_splits(own, shared, bounds)
    split_of = {group: split_at(hashed[group], bounds) for group in classes} | filled
    split_of |= {group: "train" for group in classes if len(classes[group]) > 1}
    notes = _notes(sorted(zip(paths, groups, strict=True)), bounds, split_of, classes, filled)
    return [split_of[group] for group in groups], notes


def bounds_of(percentages: Percentages) -> Bounds:
    """Where the three ranges begin and end."""
    validation, testing = percentages
    return 0.0, validation, validation + testing, 100.0


def stem(path: str) -> str:
    """The path up to `_nohash_`: images of one thing share it, as they did in retrain.py."""
    return path.partition("_nohash_")[0]


def percentage(path: str) -> float:
    """Where a path lies between 0 and 100: its SHA-1, reckoned as retrain.py did."""
    return int(hashlib.sha1(path.encode()).hexdigest(), 16) % (HASH_STEPS + 1) * (100.0 / HASH_STEPS)


def split_at(hashed: float, bounds: Bounds) -> str:
    """The split in whose range the percentage lies."""
    return HASH_ORDER[bisect.bisect_right(bounds[1:3], hashed)]


def fill_empty_splits(hashed: dict[str, float], in_train: int, bounds: Bounds) -> dict[str, str]:
    """The groups of one class that must leave their split, and where to: the nearest ones that can be spared.

    `in_train` counts the groups of the class that lie in train whatever happens.
    """
    ranges = dict(zip(HASH_ORDER, itertools.pairwise(bounds), strict=True))
    asked = [split for split in SPLITS if split == "train" or ranges[split][0] < ranges[split][1]]
    needed = asked[: len(hashed) + in_train]
    split_of = {group: split_at(hashed[group], bounds) for group in hashed}
    moved = {}
    for split in needed:
        counts = collections.Counter(split_of.values()) + collections.Counter(train=in_train)
        if counts[split]:
            continue
        spare = [group for group, old in split_of.items() if old not in needed or counts[old] > 1]
        if spare:
            # The nearest hash, because few images to come will have a nearer one and take its place.
            nearest = min(spare, key=lambda group: (_distance(hashed[group], *ranges[split]), group))
            split_of[nearest] = moved[nearest] = split
    return moved


def _distance(hashed: float, low: float, high: float) -> float:
    return max(low - hashed, hashed - high, 0.0)


def _classes(labels: Sequence[str], groups: Sequence[str]) -> dict[str, set[str]]:
    """The classes of each group: one, but for content that lies in two class folders."""
    classes = collections.defaultdict(set)
    for label, group in zip(labels, groups, strict=True):
        classes[group].add(label)
    return classes


def _groups_by_class(classes: dict[str, set[str]]) -> dict[str, list[str]]:
    groups = collections.defaultdict(list)
    for group, labels in classes.items():
        for label in labels:
            groups[label].append(group)
    return groups


def _notes(
    files: list[tuple[str, str]],
    bounds: Bounds,
    split_of: dict[str, str],
    classes: dict[str, set[str]],
    filled: dict[str, str],
) -> list[str]:
    notes, names = [], {stem(path) for path, _ in files}
    for path, group in files:
        own, split = split_at(percentage(stem(path)), bounds), split_of[group]
        if len(classes[group]) > 1:
            listed = ", ".join(map(repr, sorted(classes[group])))
            notes.append(f"{path!r} is in train: its group {group!r} lies in the classes {listed}.")
        elif group in filled and own != split:
            label = next(iter(classes[group]))
            notes.append(f"{path!r} is in {split}, not {own}: class {label!r} had no {split} image.")
        elif own != split:
            why = "it duplicates" if group in names else "its group is"
            notes.append(f"{path!r} is in {split}, not {own}: {why} {group!r}.")
    return notes
