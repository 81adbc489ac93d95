"""Splits for images of any number of labels, of one task or several: by hash, and no label left out of one.

As in `hash_split`, the hash decides, but where an image has many labels no class can be filled alone:
groups are moved one by one, for the rarest label first, the nearest hash first, and only where the split that
they leave keeps another group with each of their labels.
"""

import collections
from collections.abc import Sequence

from retrain.data.listing import SPLITS
from retrain.examples.hash_split import HASH_ORDER, Bounds, Percentages, bounds_of, percentage, split_at

Label = tuple[str, str]  # task and class
Labels = frozenset[Label]


def label_splits(
    groups: Sequence[str], labels: Sequence[Labels], percentages: Percentages
) -> tuple[list[str], list[str]]:
    """The split of each image, and a note on each group that is not where its hash puts it.

    A label of three groups or more is in every split asked for, of two in train and one other, where there is
    a group that can be moved.
    """
    bounds = bounds_of(percentages)
    labels_of: dict[str, set[Label]] = collections.defaultdict(set)
    for group, of_example in zip(groups, labels, strict=True):
        labels_of[group] |= of_example
    split_of = {group: split_at(percentage(group), bounds) for group in labels_of}
    asked = [split for split in SPLITS if split == "train" or _width(bounds, split)]
    notes = _fill(labels_of, split_of, asked, bounds)
    return [split_of[group] for group in groups], notes


def _fill(
    labels_of: dict[str, set[Label]], split_of: dict[str, str], asked: list[str], bounds: Bounds
) -> list[str]:
    """Moves groups in `split_of`, and says which."""
    with_label = collections.defaultdict(list)
    for group, of_group in labels_of.items():
        for label in of_group:
            with_label[label].append(group)
    counts = collections.Counter(
        (label, split_of[group]) for group in labels_of for label in labels_of[group]
    )
    notes = []
    for label, groups in sorted(with_label.items(), key=lambda item: (len(item[1]), item[0])):
        for split in asked[: len(groups)]:
            if counts[label, split]:
                continue
            spare = [
                group
                for group in groups
                if all(
                    counts[other, split_of[group]] > 1 or len(with_label[other]) == 1
                    for other in labels_of[group]
                )
            ]
            if spare:
                nearest = min(spare, key=lambda group: (_distance(group, split, bounds), group))
                task, name = label
                notes.append(
                    f"{nearest!r} is in {split}, not {split_of[nearest]}: {name!r} ({task}) had no {split} "
                    f"image."
                )
                counts.subtract((other, split_of[nearest]) for other in labels_of[nearest])
                counts.update((other, split) for other in labels_of[nearest])
                split_of[nearest] = split
    return notes


def _width(bounds: Bounds, split: str) -> float:
    position = HASH_ORDER.index(split)
    return bounds[position + 1] - bounds[position]


def _distance(group: str, split: str, bounds: Bounds) -> float:
    position, hashed = HASH_ORDER.index(split), percentage(group)
    return max(bounds[position] - hashed, hashed - bounds[position + 1], 0.0)
