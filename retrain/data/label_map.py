"""A publisher's label file, one class a line: which of them the name of a class folder means.

The index of a class is that of its line, from 0. A line may hold several names of its class with commas
between, such as "hotdog, hot dog, red hot". A folder means a class by its whole line, or else by one of these
names, in capital or small letters. Scores by these indices are left to others.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from retrain.errors import InputError


def read_label_map(path: str) -> tuple[str, ...]:
    """The lines of the file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            labels = tuple(line.strip() for line in file.read().splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--label_map={path!r} was expected to be a text file with one class a line, but cannot be read "
            f"({getattr(error, 'strerror', None) or error}): name the label file of the module."
        ) from error
    if not any(labels):
        raise InputError(f"--label_map={path!r} is empty: name the label file of the module.")
    return labels


def check_label_count(path: str, labels: Sequence[str], count: int, handle: str, of_two: int = 2) -> None:
    """InputError unless there is a label for each of the `count` class scores of a module.

    Of two classes there may be `of_two` scores.
    """
    if len(labels) != count and (len(labels), count) != (2, of_two):
        raise InputError(
            f"--label_map={path!r} has {len(labels)} lines, and {handle!r} gives scores for {count} classes: "
            f"name the label file of this module, which may begin with a line for the background."
        )


def meanings(class_names: Iterable[str], labels: Sequence[str]) -> dict[str, list[int]]:
    """For each class name the indices of the labels that it may mean: none, one or several."""
    by_line: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        by_line.setdefault(label.casefold(), []).append(index)
        for name in {name.strip().casefold() for name in label.split(",")}:
            by_name.setdefault(name, []).append(index)
    keys = {name: name.strip().casefold() for name in class_names}
    return {name: by_line.get(key) or by_name.get(key, []) for name, key in keys.items()}


def label_indices(class_names: Iterable[str], labels: Sequence[str], path: str) -> Mapping[str, int]:
    """The index of the label that each class name means; InputError unless each means exactly one."""
    found = meanings(class_names, labels)
    for name, indices in found.items():
        if not indices:
            raise InputError(
                f"The class folder {name!r} is not found in {path!r}; the nearest label there is "
                f"{_nearest(name, labels)}: rename or remove the folder."
            )
        if len(indices) > 1:
            raise InputError(
                f"The class folder {name!r} may mean {len(indices)} labels in {path!r}, "
                f"{' and '.join(_shown(labels, index) for index in indices)}: rename it, or make these lines "
                f"differ."
            )
    return {name: index for name, [index] in found.items()}


def _nearest(name: str, labels: Sequence[str]) -> str:
    places = {}
    for index, label in enumerate(labels):
        places |= {part.strip().casefold(): index for part in label.split(",")}
    [closest] = difflib.get_close_matches(name.casefold(), places, n=1, cutoff=0.0)
    return _shown(labels, places[closest])


def _shown(labels: Sequence[str], index: int) -> str:
    return f"{labels[index]!r} (line {index + 1})"
