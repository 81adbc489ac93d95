"""Folders in class folders: kinds of the class above, or the classes themselves, below folds or years.

Images may lie at any depth below their class. Where its folders may as well be the classes, a line tells it;
where that is as likely, a sentence asks.
"""

import os
import re
from collections.abc import Iterable, Mapping

from absl import logging

from retrain.addresses import is_address
from retrain.data.listing import through_wrappers, top_level
from retrain.data.masks import OF_IMAGES, has_word
from retrain.errors import InputError

SHOWN = 5
# As Windows, macOS and browsers call them; Pear 2 is another pear.
COPY = re.compile(r"(.+?)(?: ?- [Cc]opy(?: ?\(\d+\))?| copy(?: \d+)?| ?\(\d+\))")
PART = re.compile(r"(part|batch|chunk)[-_ ]?\d+$")


def inside_each(image_dir: str, folders: Iterable[str]) -> Mapping[str, list[str]]:
    """The folders in each of the folders, up to the first that holds images, or no folders."""
    inside = {}
    for name in folders:
        below, images, _ = top_level(os.path.join(image_dir, name))
        if images or not below:
            break
        inside[name] = below
    return inside


def is_of_images(name: str) -> bool:
    """Whether a folder is called images, or train_images, or part_1."""
    return has_word(name, OF_IMAGES) or PART.search(name.lower()) is not None


def check_folders_inside(image_dir: str, classes: list[str], inside: Mapping[str, list[str]]) -> None:
    """InputError where each class folder of image_dir holds the same ones; a line where some hold several.

    `inside` is what `inside_each` found in the classes.
    """
    if len(inside) == len(classes):
        inside = _through_each(image_dir, inside)
    alike = next(iter(inside.values()), [])
    if not inside or all(map(is_of_images, alike)):
        return
    are_alike = len(inside) > 1 and len(alike) > 1 and all(below == alike for below in inside.values())
    if are_alike and len(inside) == len(classes):
        raise _open_depth(image_dir, classes, alike)
    if are_alike:
        logging.info(
            "The class folders %s hold the same folders (%s): if it is these that are the classes, put their "
            "images together, or name a table of labels with --labels_file.",
            listed(inside),
            listed(alike),
        )
    elif len(inside) == len(classes) > 1 and any(len(below) > 1 for below in inside.values()):
        name = next(name for name, below in inside.items() if len(below) > 1)
        around, below = through_wrappers(os.path.join(image_dir, name))
        logging.info(
            "The class folders %s hold folders, whose images are all of the class above: if it is these that "
            "are the classes, such as %r, move them up, or name a table of labels with --labels_file.",
            listed(inside),
            os.path.join(around, below[0]).removeprefix(os.path.join(image_dir, "")),
        )


def _through_each(image_dir: str, inside: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """The same, of those with one folder alone what lies in that; as it was where images lie in it."""
    through = {}
    for name, below in inside.items():
        through[name] = through_wrappers(os.path.join(image_dir, name))[1] if len(below) == 1 else below
        if len(through[name]) == 1:
            return inside
    return through


def _open_depth(image_dir: str, outer: list[str], inner: list[str]) -> InputError:
    return InputError(
        f"{image_dir!r} has {len(outer)} folders ({listed(outer)}) that hold the same folders "
        f"({listed(inner)}) each, but one level of class folders was expected: if the inner ones are the "
        "classes, put the images of each together, or, where the outer ones are splits, name these train, "
        "validation and test; if the outer ones are, move all images of each directly into it; or name a "
        "table of labels with --labels_file."
    )


def check_no_copy(image_dir: str, folders: list[str]) -> None:
    """InputError where a folder is called as a copy of another one, or holds the names of all others."""
    for name in folders:
        copied = COPY.fullmatch(name)
        if copied and copied[1] in folders:
            raise InputError(
                f"{image_dir!r} has the folder {name!r} beside {copied[1]!r}, as copies of folders are "
                "called, but each class was expected once: move it away, or, if it is a class of its own, "
                "rename it."
            )
    for name in folders if len(folders) > 2 and not is_address(image_dir) else ():
        another = folders[folders[0] == name]
        if not os.path.isdir(os.path.join(image_dir, name, another)):  # all that is asked of most
            continue
        others = [folder for folder in folders if folder != name]
        if {*others} <= {*top_level(os.path.join(image_dir, name)).folders}:
            raise InputError(
                f"{image_dir!r} has the folder {name!r} beside {listed(others)}, which holds folders of the "
                "same names, as a second copy of all images does, but folders of classes alone were "
                f"expected: move it away, or, if {name!r} is a class, rename the folders in it."
            )


def listed(names: Iterable[str]) -> str:
    """The first few names of folders."""
    names = list(names)
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
