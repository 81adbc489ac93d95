"""The examples table: one row an image, a pandas DataFrame, the one form in which data reaches the rest.

Columns: path (relative to image_dir, POSIX), one per task (TASK: the class name), split ("train",
"validation", "test", or "" where the hash has yet to decide), group (images that must share a
split), size and mtime_ns (by which a changed file is known). Rows are sorted by class and path. A table of
labels has a column for each of its tasks, None where nothing is known, and weight.
"""

import os
from collections.abc import Iterable, Sequence

import pandas as pd

from retrain.data.listing import TASK, Listing
from retrain.examples.duplicates import same_content


def examples_table(listing: Listing) -> pd.DataFrame:
    """The listing's files, with what the file system knows of each."""
    status = [_size_and_time(os.path.join(listing.image_dir, path)) for path in listing.paths]
    examples = pd.DataFrame(
        {
            "path": listing.paths,
            **_label_columns(listing),
            "split": listing.splits,
            "group": _groups(listing),
            "size": [size for size, _ in status],
            "mtime_ns": [time for _, time in status],
        }
    )
    # A given split is not decided by group; what lies in two of its splits is `duplicates.drop_leaks`'s.
    if listing.given_split:
        return examples
    return join_groups(examples, same_content(examples, listing.image_dir))


def _label_columns(listing: Listing) -> dict[str, object]:
    if listing.columns is None:
        return {TASK: listing.labels}
    # As objects, for pandas' own text has nan where nothing is.
    labels = {task: pd.Series(cells, dtype=object) for task, cells in listing.columns.tasks.items()}
    return {**labels, "weight": listing.columns.weights or 1.0}


def _groups(listing: Listing) -> list[str]:
    given = listing.columns and listing.columns.groups
    groups = given or [None] * len(listing.paths)
    return [stem(path) if group is None else group for path, group in zip(listing.paths, groups, strict=True)]


def stem(path: str) -> str:
    """The path up to `_nohash_`: images of one thing share it, as they did in retrain.py."""
    return path.partition("_nohash_")[0]


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:  # deleted since the scan: it will be skipped like any file that cannot be read
        return 0, 0
    return status.st_size, status.st_mtime_ns


def join_groups(examples: pd.DataFrame, together: Iterable[Sequence[str]]) -> pd.DataFrame:
    """One group for groups that share a set of paths in `together`, called after the first of them."""
    groups = examples["group"].tolist()
    group_of = dict(zip(examples["path"].tolist(), groups, strict=True))
    joined: dict[str, str] = {}
    for paths in together:
        firsts = {_first(joined, group_of[path]) for path in paths}
        joined |= dict.fromkeys(firsts, min(firsts))
    return examples.assign(group=[_first(joined, group) for group in groups])


def _first(joined: dict[str, str], group: str) -> str:
    while joined.get(group, group) != group:
        group = joined[group]
    return group
