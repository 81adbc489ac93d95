"""A split as it was: from the predictions.csv of a run, or any CSV file with columns `path` and `split`."""

import csv

import pandas as pd

from retrain.errors import InputError
from retrain.examples.hash_split import SPLITS


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


def freeze_splits(examples: pd.DataFrame, frozen: dict[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The examples after `assign_splits`, with every path of the file back in the split it has there.

    A new image joins its group where the file has it, and else keeps the split of its hash.
    """
    by_group: dict[str, str] = {}
    for path, group in sorted(zip(examples["path"], examples["group"], strict=True)):
        if path in frozen:
            by_group.setdefault(group, frozen[path])
    if not by_group:
        raise InputError(
            f"The split file was expected to name images of this folder, such as {min(examples['path'])!r}, "
            f"but names none of them ({len(frozen)} others): name the file of a run on this folder."
        )
    splits = [
        frozen.get(path, by_group.get(group, split))
        for path, group, split in examples[["path", "group", "split"]].values
    ]
    new = sum(path not in frozen for path in examples["path"])
    notes = (
        [f"{new} of {len(examples)} images are not in the split file: their group or their hash decides."]
        if new
        else []
    )
    return examples.assign(split=splits), notes
