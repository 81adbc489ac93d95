"""Files with exactly the same content. What is made of them is said in `copies` and `groups`.

Content is compared in steps, each only among files that the step before could not tell apart: by size, which
is known already, by a slice from the middle, by SHA-256. Hashing all would read every image at every start.
"""

import collections
import os
from collections.abc import Callable, Hashable

from retrain.examples.labelled import LabelledExamples
from retrain.files import file_hash

SLICE = 4096


def same_content(examples: LabelledExamples) -> list[list[str]]:
    """The sets of paths, two or more each, that hold the same content; sorted."""
    size = dict(zip(examples.paths, examples.table["size"].tolist(), strict=True))
    image_dir = examples.image_dir
    # Empty files are all alike, but no images.
    together = [sorted(path for path in size if size[path])]
    together = _tell_apart(together, lambda path: size[path])
    together = _tell_apart(together, lambda path: _middle(os.path.join(image_dir, path), size[path]))
    return sorted(_tell_apart(together, lambda path: file_hash(os.path.join(image_dir, path))))


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
