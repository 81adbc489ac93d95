"""Which reader the folders of image_dir ask for, by their names and what lies directly in them.

Words for splits are taken as splits where class folders lie in them, or where they lie in every class folder.
Where it is open whether folders are splits or classes, a sentence asks: a classifier that tells train from
test would look like a success.
"""

import os
from collections.abc import Iterable

from retrain.data import READERS
from retrain.data.folder import count
from retrain.data.listing import TABLES, Listing, has_folders, top_level
from retrain.data.split_words import resembles, split_of
from retrain.errors import InputError
from retrain.extensions import load

SHOWN = 5
DEEPEST_WRAPPER = 5  # a loop of links would have no end


def read_listing(image_dir: str) -> Listing:
    """Lists image_dir with the reader that its folders ask for; a file is taken for a table of labels."""
    is_table = os.path.splitext(image_dir)[1].lower() in TABLES
    return load(READERS, "table" if is_table else reader_of(image_dir), "reader")(image_dir)


def reader_of(image_dir: str) -> str:
    """The row of READERS for a folder; InputError where its meaning is open."""
    folders = top_level(image_dir).folders
    if folders and all(map(split_of, folders)):
        _check_classes_below(image_dir, folders)
        return "split_folder"
    if len(folders) == 1:
        _check_wrapper(image_dir, folders[0])
    if _splits_in_each(image_dir, folders):
        return "class_split_folder"
    _check_no_splits_among(image_dir, folders)
    return "folder"


def _splits_in_each(image_dir: str, folders: list[str]) -> bool:
    """Whether all of the folders hold folders of splits only, and of more than one split."""
    found = set()
    for name in folders:
        below, images, _ = top_level(os.path.join(image_dir, name))
        if images or not below or not all(map(split_of, below)):
            return False
        found |= set(map(split_of, below))
    return len(found) > 1


def _check_classes_below(image_dir: str, words: list[str]) -> None:
    if not any(has_folders(os.path.join(image_dir, word)) for word in words):
        raise InputError(
            f"{image_dir!r} has {count(len(words), 'folder')} named like a split ({_listed(words)}) and no "
            "class folders below, but images were expected as DIR/train/CLASS/*.jpg: move them into class "
            "folders, name a table of their labels with --labels_file, or, if these are classes, rename them."
        )


def _check_wrapper(image_dir: str, only: str) -> None:
    """A folder around everything, as archives are unpacked, is no class."""
    inner = os.path.join(image_dir, only)
    for _ in range(DEEPEST_WRAPPER):
        folders, images, _ = top_level(inner)
        if images or not folders:
            return
        if len(folders) > 1 or split_of(folders[0]):
            raise InputError(
                f"{image_dir!r} has no class folders but one folder around {count(len(folders), 'other')} "
                f"({_listed(folders)}): did you mean {inner!r}?"
            )
        inner = os.path.join(inner, folders[0])


def _check_no_splits_among(image_dir: str, folders: list[str]) -> None:
    """One class may be called test; two splits, or one that holds classes, are no classes."""
    exact = [name for name in folders if split_of(name)]
    like = [name for name in folders if resembles(name) or split_of(name)]
    several = len({split_of(name) or resembles(name) for name in like}) > 1
    if len(set(map(split_of, exact))) > 1 or (several and like == folders):
        raise _open_meaning(image_dir, like, folders)
    if any(_holds_classes(image_dir, name) for name in exact):
        raise _open_meaning(image_dir, like, folders)
    if (several or exact) and _share_classes(image_dir, like, folders):
        raise _open_meaning(image_dir, like, folders)


def _holds_classes(image_dir: str, name: str) -> bool:
    below, images, _ = top_level(os.path.join(image_dir, name))
    return len(below) > 1 and not images


def _share_classes(image_dir: str, like: list[str], folders: list[str]) -> bool:
    """Whether folders of the same name lie in one of `like` and in another of the folders."""
    classes = {name: _inside(image_dir, name) for name in like}
    if not any(classes.values()):
        return False
    classes |= {name: _inside(image_dir, name) for name in folders if name not in classes}
    return any(classes[one] & classes[other] for one in like for other in folders if one != other)


def _inside(image_dir: str, name: str) -> set[str]:
    return {folder for folder in top_level(os.path.join(image_dir, name)).folders if not split_of(folder)}


def _open_meaning(image_dir: str, like: list[str], folders: list[str]) -> InputError:
    others = [name for name in folders if name not in like]
    beside = f" beside {_listed(others)}" if others else ""
    return InputError(
        f"{image_dir!r} has folders named like splits ({_listed(like)}){beside}, but either train, "
        "validation and test were expected, each with class folders, or class folders alone: if they are "
        "splits, give them these names and move other folders away; if they are classes, rename them, "
        "or name a table of labels with --labels_file."
    )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
