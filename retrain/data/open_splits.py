"""Whether folders beside each other are splits or classes, by their names and what lies in them.

Where it is open a sentence asks: a classifier that tells train from test would look like a success.
"""

import os

from absl import logging

from retrain.data.folders_inside import is_of_images, listed
from retrain.data.listing import through_wrappers, top_level
from retrain.data.split_words import resembles, says_a_split_alone, split_of
from retrain.errors import InputError

EXPECTED = "either train, validation and test were expected, each with class folders, or class folders alone"


def check_no_splits_among(image_dir: str, folders: list[str]) -> None:
    """InputError where some may be splits: two such, or one that holds classes, or one that is called so."""
    exact = [name for name in folders if split_of(name)]
    like = [name for name in folders if resembles(name) or split_of(name)]
    several = len({split_of(name) or resembles(name) for name in like}) > 1
    if len(set(map(split_of, exact))) > 1 or (several and like == folders):
        raise _open_meaning(image_dir, like, folders)
    if any(_holds_classes(image_dir, name) for name in exact):
        raise _open_meaning(image_dir, like, folders)
    if like and _hold_classes_alone(image_dir, [name for name in folders if name not in like], like):
        raise _open_meaning(image_dir, like, folders)
    if _share_classes(image_dir, like, folders, least=1 if several or exact else 2):
        raise _open_meaning(image_dir, like, folders)
    for name in like if len(folders) > 1 else ():
        _check_is_a_class(image_dir, name, folders)


def _check_is_a_class(image_dir: str, name: str, folders: list[str]) -> None:
    """Photos to test on beside the classes would be one more class."""
    beside = listed(folder for folder in folders if folder != name)
    if not says_a_split_alone(name):
        logging.info("The folder %r is taken for a class, as those beside it are (%s).", name, beside)
        return
    raise InputError(
        f"{image_dir!r} has the folder {name!r}, which is named like a split, beside {beside}, but "
        f"{EXPECTED}: if it is no class, move it away; if it is one, give it another name, or name a table "
        "of labels with --labels_file."
    )


def _hold_classes_alone(image_dir: str, folders: list[str], like: list[str]) -> bool:
    """Whether each of the folders holds classes, and none of those that are called like splits."""
    if not folders or any(_holds_classes(image_dir, name) for name in like):
        return False
    return all(_holds_classes(image_dir, name) for name in folders)


def _holds_classes(image_dir: str, name: str) -> bool:
    inner, below = through_wrappers(os.path.join(image_dir, name))
    return len(below) > 1 and not top_level(inner).images


def _share_classes(image_dir: str, like: list[str], folders: list[str], least: int) -> bool:
    """Whether so many folders of the same names lie in one of `like` and in another of the folders."""
    classes = {name: _inside(image_dir, name) for name in like}
    if not any(classes.values()):
        return False
    classes |= {name: _inside(image_dir, name) for name in folders if name not in classes}
    return any(
        len(classes[one] & classes[other]) >= least for one in like for other in folders if one != other
    )


def _inside(image_dir: str, name: str) -> set[str]:
    """The folders in it, or in one alone around them, that are called neither as splits are nor images."""
    path = os.path.join(image_dir, name)
    found = {*top_level(path).folders, *through_wrappers(path)[1]}
    return {folder for folder in found if not split_of(folder) and not is_of_images(folder)}


def _open_meaning(image_dir: str, like: list[str], folders: list[str]) -> InputError:
    others = [name for name in folders if name not in like]
    beside = f" beside {listed(others)}" if others else ""
    return InputError(
        f"{image_dir!r} has folders named like splits ({listed(like)}){beside}, but {EXPECTED}: "
        "if they are splits, give them these names and move other folders away; if they are classes, rename "
        "them, or name a table of labels with --labels_file."
    )
