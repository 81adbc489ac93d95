"""A split as it was: from the predictions.csv of a run, or any CSV file with columns `path` and `split`."""

import csv
from collections.abc import Mapping, Sequence

from retrain.data.listing import SPLITS
from retrain.errors import InputError


def read_split_file(path: str) -> dict[str, str]:
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
    return {row["path"]: row["split"] for row in rows}


def freeze_splits(
    paths: Sequence[str], groups: Sequence[str], splits: Sequence[str], frozen: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The split of each image, where it is decided anyway, but of every path in the file as it is there.

    A new image joins its group where the file has it, and else keeps the split that it has. What is new is
    noted.
    """
    by_group: dict[str, str] = {}
    for path, group in sorted(zip(paths, groups, strict=True)):
        if path in frozen:
            by_group.setdefault(group, frozen[path])
    if not by_group:
        raise InputError(
            f"The split file was expected to name images of this folder, such as {min(paths)!r}, but names "
            f"none of them ({len(frozen)} others): name the file of a run on this folder."
        )
    new = sum(path not in frozen for path in paths)
    notes = (
        [f"{new} of {len(paths)} images are not in the split file: their group or their hash decides."]
        if new
        else []
    )
    rows = zip(paths, groups, splits, strict=True)
    return [frozen.get(path, by_group.get(group, split)) for path, group, split in rows], notes
