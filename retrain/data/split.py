"""Which split each image is in, decided by a hash of its path: the same today, tomorrow and on another machine.

The path is relative to image_dir, so moving the folder moves no image; it is hashed without its `_nohash_` part,
and images with the same content count as one group, so what belongs together stays together. Adding images moves
none, except where a class would have nothing in a split, or where a new image has the content of an old one; both
are noted. A class of three groups or more has one in every split asked for; of two, one in train and one in
validation (in test when no validation is asked for); of one, in train.

A group under two labels is wrong under one of them, whatever is predicted: it stays in train, where no figure is
taken, and only the other groups of its classes are moved to fill a split.
"""

import collections
import hashlib

import pandas as pd

from retrain.data.examples import TASK, stem

SPLITS = ("train", "validation", "test")

HASH_STEPS = 2**27 - 1  # from 0 to 100 %, as in retrain.py

Ranges = dict[str, tuple[float, float]]


def assign_splits(
    examples: pd.DataFrame, validation_percentage: float, testing_percentage: float
) -> tuple[pd.DataFrame, list[str]]:
    """The examples with `split` filled, and a note on each stem that is not where its own hash would put it."""
    ranges = split_ranges(validation_percentage, testing_percentage)
    labels = _labels_of_groups(examples)
    split_of = {group: "train" for group in labels if len(labels[group]) > 1}
    shared = collections.Counter(label for group in split_of for label in labels[group])
    filled: dict[str, str] = {}
    for label, groups in _groups_of_labels(labels).items():
        hashed = {group: percentage(group) for group in groups}
        moved = fill_empty_splits(hashed, shared[label], ranges)
        split_of |= {group: split_at(hashed[group], ranges) for group in groups} | moved
        filled |= dict.fromkeys(moved, label)
    notes = _notes(examples, ranges, split_of, labels, filled)
    return examples.assign(split=[split_of[group] for group in examples["group"]]), notes


def percentage(path: str) -> float:
    """Where a path lies between 0 and 100: its SHA-1, reckoned as retrain.py did."""
    return int(hashlib.sha1(path.encode()).hexdigest(), 16) % (HASH_STEPS + 1) * (100.0 / HASH_STEPS)


def split_ranges(validation_percentage: float, testing_percentage: float) -> Ranges:
    """The percentages of each split that is asked for, train first: validation takes the low end, then test."""
    held_out = validation_percentage + testing_percentage
    ranges = {
        "train": (held_out, 100.0),
        "validation": (0.0, validation_percentage),
        "test": (validation_percentage, held_out),
    }
    return {split: bounds for split, bounds in ranges.items() if split == "train" or bounds[0] < bounds[1]}


def split_at(hashed: float, ranges: Ranges) -> str:
    """The split whose range holds the percentage."""
    held_out = (split for split, (low, high) in ranges.items() if split != "train" and low <= hashed < high)
    return next(held_out, "train")


def fill_empty_splits(hashed: dict[str, float], in_train: int, ranges: Ranges) -> dict[str, str]:
    """The groups of one class that must leave their split, and where to: the nearest ones that can be spared.

    `in_train` counts the groups of the class that lie in train whatever happens.
    """
    split_of = {group: split_at(hashed[group], ranges) for group in hashed}
    needed = list(ranges)[: len(hashed) + in_train]
    moved = {}
    for split in needed:
        counts = collections.Counter(split_of.values()) + collections.Counter(train=in_train)
        spare = [group for group, old in split_of.items() if old not in needed or counts[old] > 1]
        if not counts[split] and spare:
            # The nearest hash, because few images to come will have a nearer one and take its place.
            nearest = min(spare, key=lambda group: (_distance(hashed[group], ranges[split]), group))
            split_of[nearest] = moved[nearest] = split
    return moved


def _distance(hashed: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return max(low - hashed, hashed - high, 0.0)


def _labels_of_groups(examples: pd.DataFrame) -> dict[str, list[str]]:
    labels = collections.defaultdict(set)
    for group, label in zip(examples["group"], examples[TASK], strict=True):
        labels[group].add(label)
    return {group: sorted(labels[group]) for group in sorted(labels)}


def _groups_of_labels(labels: dict[str, list[str]]) -> dict[str, list[str]]:
    """The groups of each label that have this label alone."""
    groups = collections.defaultdict(list)
    for group, names in labels.items():
        if len(names) == 1:
            groups[names[0]].append(group)
    return groups


def _notes(
    examples: pd.DataFrame,
    ranges: Ranges,
    split_of: dict[str, str],
    labels: dict[str, list[str]],
    filled: dict[str, str],
) -> list[str]:
    notes = []
    for name, group in sorted({(stem(path), group) for path, group in examples[["path", "group"]].values}):
        own, split = split_at(percentage(name), ranges), split_of[group]
        if len(labels[group]) > 1:
            classes = ", ".join(map(repr, labels[group]))
            notes.append(f"{name!r} is in train: the same content lies in the classes {classes}.")
        elif group in filled:
            notes.append(f"{name!r} is in {split}, not {own}: class {filled[group]!r} had no {split} image.")
        elif split != own:
            notes.append(f"{name!r} is in {split}, not {own}: it has the content of {group!r}.")
    return notes
