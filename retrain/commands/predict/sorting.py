"""Copies of images, or links to them, in a folder for each class, as train reads class folders."""

import os
import pathlib
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from absl import logging

from retrain.addresses import is_address
from retrain.commands.predict.check import PredictPlan
from retrain.files import new_directory
from retrain.heads.answers import Answers
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


def sort_images(
    plan: PredictPlan, files: Sequence[str], labels: Sequence[Sequence[str]], classes: Iterable[str]
) -> None:
    """Puts them into the folder of the plan, if they are not there; `labels` are the classes of each."""
    into = plan.config.results.sort_into
    if plan.is_sorted:
        logging.info("Images have been sorted into %s already.", into)
        return
    with new_directory(into) as directory:
        sort_files(directory, files, labels, classes, plan.config.results.sort_by)
        if plan.note is not None:
            plan.note.write(directory)
    without = sum(not of_file for of_file in labels)
    none = f"; {without} with none of the classes" if without else ""
    logging.info("Images sorted into %s: %d%s.", into, len(labels) - without, none)


def classes_of(head: Answers, probabilities: np.ndarray, rejected: np.ndarray) -> list[list[str]]:
    """Of each image those that are predicted by probabilities [N, C]; none of one that is rejected, [N]."""
    predicted = zip(head.predicted(probabilities), rejected, strict=True)
    return [[] if out else head.names_in(label) for label, out in predicted]


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
    if not is_address(file) and member_of(file) is None:
        shutil.copy2(file, target)
    else:
        pathlib.Path(target).write_bytes(contents(file))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
