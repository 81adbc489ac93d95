"""Reads a folder whose split is given: DIR/train/CLASS/*.jpg beside DIR/validation and DIR/test.

The folders may have any name that `retrain.data.split_words` knows. The classes are those of train. A split
that is not there stays missing; content that lies in two splits is left to `retrain.examples.duplicates`.
"""

import os

from retrain.data.class_twins import twin_key
from retrain.data.folder import check_class_count, check_no_class_empty, count
from retrain.data.folders_inside import check_folders_inside, inside_each, listed
from retrain.data.listing import TASK, Listing, folder_listing, top_level
from retrain.data.split_words import check_one_folder_each, split_of, tell_splits
from retrain.errors import InputError


def read(image_dir: str) -> Listing:
    """Lists every image with the split that its top folder names."""
    top = top_level(image_dir)
    splits, ignored = top.folders, top.outside
    train = _train_folder(image_dir, splits)
    classes = {}
    for split in splits:
        inside = top_level(os.path.join(image_dir, split))
        _check_split(os.path.join(image_dir, split), inside.folders, inside.images)
        classes[split] = inside.folders
        ignored += inside.outside
    _check_classes(image_dir, classes, train)
    places = [(f"{word}/{name}", name, split_of(word)) for word, names in classes.items() for name in names]
    listing = folder_listing(image_dir, places, ignored)
    rows = zip(listing.columns[TASK].cells, listing.splits, strict=True)
    trained = {label for label, split in rows if split == "train"}
    check_no_class_empty(os.path.join(image_dir, train), sorted(set(classes[train]) - trained))
    tell_splits(splits)
    return listing


def _train_folder(image_dir: str, splits: list[str]) -> str:
    """Which of the folders is train; InputError where none is, or where two are one split."""
    check_one_folder_each(image_dir, splits)
    train = next((word for word in splits if split_of(word) == "train"), None)
    if train is None:
        raise InputError(
            f"{image_dir!r} has the split folders {', '.join(map(repr, splits))} but no 'train', which was "
            "expected beside them: add images to train on as DIR/train/CLASS/*.jpg."
        )
    return train


def _check_split(folder: str, class_names: list[str], loose_images: int) -> None:
    if not class_names:
        beside = f" but {count(loose_images, 'image')} directly in it" if loose_images else ""
        raise InputError(
            f"{folder!r} has no class folders{beside}, unlike the other splits in its folder: "
            "put its images in class folders or move it away."
        )


def _check_classes(image_dir: str, classes: dict[str, list[str]], trained: str) -> None:
    train, names = os.path.join(image_dir, trained), classes[trained]
    _check_no_wrapper(train, names)
    check_class_count(train, names, 0)
    check_folders_inside(train, names, inside_each(train, names))
    known = set(map(twin_key, names))
    for split, names in classes.items():
        unknown = [name for name in names if twin_key(name) not in known]
        if unknown:
            _check_no_wrapper(os.path.join(image_dir, split), names)
            raise InputError(
                f"{os.path.join(image_dir, split)!r} has {count(len(unknown), 'class folder')} "
                f"({', '.join(map(repr, unknown))}) that {train!r} has not, but the classes are those of "
                "train: add images to train on or move the folder away."
            )


def _check_no_wrapper(folder: str, names: list[str]) -> None:
    """InputError where the only folder is one around the class folders, as archives are unpacked."""
    inside = top_level(os.path.join(folder, names[0])) if len(names) == 1 else None
    if inside and len(inside.folders) > 1 and not inside.images:
        raise InputError(
            f"{folder!r} has one folder {names[0]!r} around {len(inside.folders)} others "
            f"({listed(inside.folders)}), but class folders were expected directly in it: move them up."
        )
