"""Files with exactly the same content: in two splits, they would test the model on what it was trained on.

Content is compared in steps, each only among files that the step before could not tell apart: by size, which
is known already, by a slice from the middle, by SHA-256. Hashing all would read every image at every start.
"""

import collections
import os
from collections.abc import Callable, Hashable

import pandas as pd

from retrain.files import file_hash

SLICE = 4096


def same_content(examples: pd.DataFrame, image_dir: str) -> list[list[str]]:
    """The sets of paths, two or more each, that hold the same content; sorted."""
    size = dict(zip(examples["path"].tolist(), examples["size"].tolist(), strict=True))
    # Empty files are all alike, but no images.
    together = [sorted(path for path in size if size[path])]
    together = _tell_apart(together, lambda path: size[path])
    together = _tell_apart(together, lambda path: _middle(os.path.join(image_dir, path), size[path]))
    return sorted(_tell_apart(together, lambda path: file_hash(os.path.join(image_dir, path))))


def drop_leaks(examples: pd.DataFrame, image_dir: str) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """A given split without the train images that other splits hold too, and (path, other path) of those."""
    split = dict(zip(examples["path"].tolist(), examples["split"].tolist(), strict=True))
    leaks = []
    for paths in same_content(examples, image_dir):
        held_out = [path for path in paths if split[path] != "train"]
        if held_out:
            leaks += [(path, held_out[0]) for path in paths if split[path] == "train"]
    dropped = [path for path, _ in leaks]
    return examples[~examples["path"].isin(dropped)].reset_index(drop=True), leaks


def _tell_apart(together: list[list[str]], key: Callable[[str], Hashable]) -> list[list[str]]:
    """Splits each set by key and keeps what is still two or more."""
    finer = []
    for paths in together:
        by_key = collections.defaultdict(list)
        for path in paths:
            by_key[_readable(key, path)].append(path)
        finer += [paths for paths in by_key.values() if len(paths) > 1]
    return finer


def _readable(key: Callable[[str], Hashable], path: str) -> Hashable:
    try:
        return key(path)
    except OSError:  # cannot be read: the same as no other, and skipped later with its reason
        return (path,)


def _middle(path: str, size: int) -> bytes:
    with open(path, "rb", buffering=0) as file:
        file.seek(max(0, (size - SLICE) // 2))
        return file.read(SLICE)
