"""Copies of images, or links to them, in a folder for each class, as train reads class folders."""

import os
import pathlib
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence

from absl import logging

from retrain.image_files import contents, member_of

# What the name of a folder cannot hold, or would hide it.
NO_NAME = re.compile(r"^\.|[/\\\0-\x1f]|^$")
LONGEST_NAME = 200  # bytes; most file systems take 255


class FreeNames:
    """Names in one folder: none is given twice, not in other letters nor in another Unicode form either."""

    def __init__(self):
        self.count: dict[str, int] = {}

    def free(self, name: str) -> str:
        """The name; where it is taken, NAME-2 before its ending, or the next number that is free."""
        stem, ending = os.path.splitext(name)
        key = _key(name)
        if key not in self.count:
            self.count[key] = 1
            return name
        while True:
            self.count[key] += 1
            numbered = f"{stem}-{self.count[key]}{ending}"
            if _key(numbered) not in self.count:
                self.count[_key(numbered)] = 1
                return numbered


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """Class -> the name of its folder; one that is not the class itself is told."""
    names, folders = FreeNames(), {}
    for name in classes:
        short = NO_NAME.sub("_", name).encode()[:LONGEST_NAME].decode(errors="ignore")
        folders[name] = names.free(short)
        if folders[name] != name:
            logging.info("The folder of class %r is called %r.", name, folders[name])
    return folders


def sort_files(
    directory: str, files: Sequence[str], labels: Sequence[Sequence[str]], classes: Iterable[str], by: str
) -> None:
    """Puts each file into directory/CLASS for each of its labels; `by` copy or link."""
    folders = folder_names(dict.fromkeys(classes))
    names = {name: FreeNames() for name in folders.values()}
    for file, of_file in zip(files, labels, strict=True):
        for label in of_file:
            place = os.path.join(directory, folders[label])
            os.makedirs(place, exist_ok=True)
            target = os.path.join(place, names[folders[label]].free(os.path.basename(file)))
            if by == "link":
                os.symlink(os.path.abspath(file), target)
            else:
                _copy(file, target)


def _copy(file: str, target: str) -> None:
    if member_of(file) is None:
        shutil.copy2(file, target)
    else:
        pathlib.Path(target).write_bytes(contents(file))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
