"""Reads a folder whose split is given: DIR/train/CLASS/*.jpg beside DIR/validation (or val) and DIR/test.

The classes are those of train. A split that is not there stays missing; content that lies in two splits is
left to `retrain.examples.duplicates`.
"""

import os

from retrain.data.folder import check_class_count, check_no_class_empty, count
from retrain.data.listing import SPLIT_FOLDERS, Listing, folder_listing, images_below, top_level
from retrain.errors import InputError


def read(image_dir: str) -> Listing:
    """Lists every image with the split that its top folder names."""
    splits, loose_images, ignored = top_level(image_dir)
    ignored += loose_images
    _check_splits(image_dir, splits)
    classes = {}
    for split in splits:
        folders, loose_images, others = top_level(os.path.join(image_dir, split))
        _check_split(os.path.join(image_dir, split), folders, loose_images)
        classes[split] = folders
        ignored += loose_images + others
    _check_classes(image_dir, classes)
    paths, labels, given = [], [], []
    for split, name in [(split, name) for split, names in classes.items() for name in names]:
        below, others = images_below(image_dir, f"{split}/{name}")
        paths += below
        labels += [name] * len(below)
        given += [SPLIT_FOLDERS[split]] * len(below)
        ignored += others
    trained = {label for label, split in zip(labels, given, strict=True) if split == "train"}
    check_no_class_empty(os.path.join(image_dir, "train"), sorted(set(classes["train"]) - trained))
    return folder_listing(image_dir, paths, labels, given, ignored)


def _check_splits(image_dir: str, splits: list[str]) -> None:
    if {"val", "validation"} <= set(splits):
        raise InputError(
            f"{image_dir!r} has both 'val' and 'validation', but one validation split was expected: "
            "join the two folders or move one away."
        )
    if "train" not in splits:
        raise InputError(
            f"{image_dir!r} has the split folders {', '.join(map(repr, splits))} but no 'train', which was "
            "expected beside them: add images to train on as DIR/train/CLASS/*.jpg."
        )


def _check_split(folder: str, class_names: list[str], loose_images: int) -> None:
    if not class_names:
        beside = f" but {count(loose_images, 'image')} directly in it" if loose_images else ""
        raise InputError(
            f"{folder!r} has no class folders{beside}, unlike the other splits in its folder: "
            "put its images in class folders or move it away."
        )


def _check_classes(image_dir: str, classes: dict[str, list[str]]) -> None:
    train = os.path.join(image_dir, "train")
    check_class_count(train, classes["train"], 0)
    for split, names in classes.items():
        unknown = [name for name in names if name not in classes["train"]]
        if unknown:
            raise InputError(
                f"{os.path.join(image_dir, split)!r} has {count(len(unknown), 'class folder')} "
                f"({', '.join(map(repr, unknown))}) that {train!r} has not, but the classes are those of "
                "train: add images to train on or move the folder away."
            )
