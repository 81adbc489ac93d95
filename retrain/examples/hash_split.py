"""Which split each image is in, decided by a hash of what it is: the same tomorrow and on another machine.

What an image is does not hang on where it lies: its content, or its name up to `_nohash_` or Roboflow's
`.rf.`, or the group that the user gave it. So neither moving the folder, nor moving or renaming files, be
it into another class, moves an image between splits. (By CLASS/NAME, 25 files moved into other class
folders moved 11 images; by the name alone those whose name was taken there.) Images with the same content,
or nearly, are one group: what belongs together stays together, where the lowest key of them says.
Adding images moves none, except where a class would have nothing in a split, or where a new image nearly is
an old one; both are noted.

Folders and tables have one rule. A class of three groups or more has one in every split asked for; of two,
one in train and one in validation (in test when no validation is asked for); of one, in train. Where images
have several labels, that may be more than can be had for all of them: train comes first, and has every class.
"""

import bisect
import collections
import hashlib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from retrain.data.listing import SPLITS, TASK

HASH_STEPS = 2**27 - 1  # from 0 to 100 %, as in retrain.py
# What Roboflow calls an image and the copies that it makes of it, turned or in other colours.
OF_ROBOFLOW = re.compile(r"\.rf\.[0-9A-Za-z]{16,}\.[A-Za-z]+$")
HASH_ORDER = ("validation", "test", "train")  # validation takes the low end, then test

Bounds = tuple[float, float, float, float]  # of the three ranges in HASH_ORDER
Percentages = tuple[float, float]  # of validation and of test
Label = tuple[str, str]  # task and class
Labels = frozenset[Label]


class HashedImage(NamedTuple):
    """An image to be split; `key` is what is hashed of it."""

    path: str
    group: str
    labels: Labels
    key: str


def hash_splits(
    images: Sequence[HashedImage],
    percentages: Percentages,
    contradictory: Collection[str] = (),
) -> tuple[list[str], list[str]]:
    """The split of each image, and a note on each that is not where its hash puts it.

    `contradictory` groups are copies under two labels, wrong under one of them, whatever is predicted: they
    stay in train, where no figure is taken, and only other groups of their classes are moved. So does a group
    of more than half of the images.
    """
    bounds = bounds_of(percentages)
    labels_of: dict[str, set[Label]] = {}
    lowest: dict[str, tuple[str, str]] = {}  # group -> its lowest key, and the image that has it
    for path, group, labels, key in images:
        labels_of.setdefault(group, set()).update(labels)
        lowest[group] = min((key, path), lowest.get(group, (key, path)))
    sizes = collections.Counter(image.group for image in images)
    kept = {*contradictory, *(group for group, size in sizes.items() if 2 * size > len(images))}
    hashed = {group: percentage(key) for group, (key, _) in lowest.items() if group not in kept}
    split_of, filled = fill_splits(labels_of, hashed, bounds)
    notes, names = [], {stem(image.path) for image in images}
    for path, group, _, key in sorted(images, key=lambda image: image.path):
        own, split = split_at(percentage(key), bounds), split_of[group]
        if group in contradictory:
            listed = ", ".join(repr(name) for _, name in sorted(labels_of[group]))
            notes.append(f"{path!r} is in train: its group {group!r} lies in the classes {listed}.")
        elif own != split:
            if group not in names:
                why = f"its group is {group!r}"
            elif group in kept:
                why = "with its duplicates it is more than half of the images"
            else:
                why = f"it duplicates {lowest[group][1]!r}"
            notes.append(f"{path!r} is in {split}, not {own}: {filled.get(group, why)}.")
    return [split_of[image.group] for image in images], notes


def bounds_of(percentages: Percentages) -> Bounds:
    """Where the three ranges begin and end."""
    validation, testing = percentages
    return 0.0, validation, validation + testing, 100.0


def stem(path: str) -> str:
    """The path up to `_nohash_`, as in retrain.py, or Roboflow's `.rf.HASH`: images of one thing share it."""
    before, nohash, _ = path.partition("_nohash_")
    return before if nohash else OF_ROBOFLOW.sub("", path)


def hash_key(path: str, content: str) -> str:
    """What is hashed of an image: its name as far as images of one thing share it, or else its content."""
    name = path.rpartition("/")[2]
    shared = stem(name)
    return content if shared == name else shared


def percentage(key: str) -> float:
    """Where a key lies between 0 and 100: its SHA-1, reckoned as retrain.py did of paths."""
    return int(hashlib.sha1(key.encode()).hexdigest(), 16) % (HASH_STEPS + 1) * (100.0 / HASH_STEPS)


def split_at(hashed: float, bounds: Bounds) -> str:
    """The split in whose range the percentage lies."""
    return HASH_ORDER[bisect.bisect_right(bounds[1:3], hashed)]


def fill_splits(
    labels_of: Mapping[str, Collection[Label]], hashed: Mapping[str, float], bounds: Bounds
) -> tuple[dict[str, str], dict[str, str]]:
    """The split of each group, and why it was moved for those that are not where their hash puts them.

    Groups without a hash are in train whatever happens. For the rarest class first, the nearest group that
    can be spared is moved: few images to come will have a nearer hash and take its place.
    """
    ranges = dict(zip(HASH_ORDER, itertools.pairwise(bounds), strict=True))
    asked = [split for split in SPLITS if split == "train" or ranges[split][0] < ranges[split][1]]
    split_of = {g: split_at(hashed[g], bounds) if g in hashed else "train" for g in labels_of}
    placed, filled = _Placed(labels_of, split_of, asked), {}

    def rank(group: str, split: str) -> tuple[int, float, str]:
        low, high = ranges[split]
        return -placed.gain(group, split), max(low - hashed[group], hashed[group] - high, 0.0), group

    moved = True
    while moved:  # ends, as every move leaves less missing
        moved = False
        for label, split in placed.missing():
            movable = [group for group in placed.groups_of[label] if group in hashed]
            nearest = min(movable, key=lambda group: rank(group, split), default=None)
            if not placed.counts[label, split] and nearest and placed.gain(nearest, split) > 0:
                placed.move(nearest, split)
                task, name = label
                called = f"class {name!r}" if task == TASK else f"{name!r} ({task})"
                filled[nearest], moved = f"{called} had no {split} image", True
    return split_of, filled


class _Placed:
    """Groups in their splits, and which classes miss one in a split that they need.

    Attributes:
      groups_of: label -> its groups.
      counts: (label, split) -> how many groups of the label the split has.
    """

    def __init__(
        self, labels_of: Mapping[str, Collection[Label]], split_of: dict[str, str], asked: Sequence[str]
    ):
        self._labels_of, self._split_of = labels_of, split_of
        self.groups_of: dict[Label, list[str]] = collections.defaultdict(list)
        self.counts: collections.Counter[tuple[Label, str]] = collections.Counter()
        for group, labels in labels_of.items():
            for label in labels:
                self.groups_of[label].append(group)
                self.counts[label, split_of[group]] += 1
        self._needed = {label: asked[: len(groups)] for label, groups in self.groups_of.items()}
        # That one label has nothing in train outweighs all that a move may take from other splits.
        self._worth = dict.fromkeys(SPLITS, 1) | {"train": 1 + max(map(len, labels_of.values()), default=0)}

    def missing(self) -> list[tuple[Label, str]]:
        """(label, split) of which there is no group, the rarest label first."""
        rarest = sorted(self._needed, key=lambda label: (len(self.groups_of[label]), label))
        return [
            (label, split)
            for label in rarest
            for split in self._needed[label]
            if not self.counts[label, split]
        ]

    def gain(self, group: str, split: str) -> int:
        """What is missing less once the group has moved: more than 0 where that is better."""
        old, labels = self._split_of[group], self._labels_of[group]
        given = sum(split in self._needed[label] and not self.counts[label, split] for label in labels)
        taken = sum(old in self._needed[label] and self.counts[label, old] == 1 for label in labels)
        return self._worth[split] * given - self._worth[old] * taken

    def move(self, group: str, split: str) -> None:
        """Puts the group into the split."""
        for label in self._labels_of[group]:
            self.counts[label, self._split_of[group]] -= 1
            self.counts[label, split] += 1
        self._split_of[group] = split
