"""Reads class folders with the split inside each: DIR/CLASS/train/*.jpg beside DIR/CLASS/validation and test.

Every class needs images to train on; any other split may be missing.
"""

import os

from retrain.data.class_twins import twin_key
from retrain.data.folder import check_class_count, count
from retrain.data.listing import Listing, folder_listing, top_level
from retrain.data.split_words import check_one_folder_each, split_of, tell_splits
from retrain.errors import InputError


def read(image_dir: str) -> Listing:
    """Lists every image with the split that the folder in its class folder names."""
    top = top_level(image_dir)
    class_names, ignored = top.folders, top.outside
    check_class_count(image_dir, class_names, top.images, needed=1)
    places = []
    for name in class_names:
        inside = top_level(os.path.join(image_dir, name))
        check_one_folder_each(os.path.join(image_dir, name), inside.folders)
        places += [(f"{name}/{word}", name, split_of(word)) for word in inside.folders]
        ignored += inside.outside
    listing = folder_listing(image_dir, places, ignored)
    _check_trained(listing, class_names)
    tell_splits(os.path.basename(folder) for folder, _, _ in places)
    return listing


def _check_trained(listing: Listing, class_names: list[str]) -> None:
    (labels,) = (column.cells for column in listing.columns.values())
    rows = zip(labels, listing.splits, strict=True)
    trained = {twin_key(label) for label, split in rows if split == "train"}
    if missing := [name for name in class_names if twin_key(name) not in trained]:
        raise InputError(
            f"{listing.image_dir!r} has {count(len(missing), 'class folder')} without any image to train on "
            f"({', '.join(map(repr, missing))}), but every class needs one beside its other splits: add "
            "images as DIR/CLASS/train/*.jpg or move the folder away."
        )
