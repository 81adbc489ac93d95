"""Reads a folder of class folders: DIR/CLASS/*.jpg, where images may lie at any depth below CLASS.

The folders say the classes and nothing of splits: those are `retrain.examples.splits`'s.
"""

from collections.abc import Sequence

from retrain.data.listing import Listing, folder_listing, images_below, top_level
from retrain.errors import InputError


def read(image_dir: str) -> Listing:
    """Lists every image of every class; InputError when there is no class, or one without images."""
    class_names, loose_images, ignored = top_level(image_dir)
    ignored += loose_images
    check_class_count(image_dir, class_names, loose_images, needed=1)
    paths, labels, empty = [], [], []
    for name in class_names:
        below, others = images_below(image_dir, name)
        paths += below
        labels += [name] * len(below)
        ignored += others
        if not below:
            empty.append(name)
    check_no_class_empty(image_dir, empty)
    return folder_listing(image_dir, paths, labels, [""] * len(paths), ignored)


def check_class_count(
    folder: str, class_names: Sequence[str], loose_images: int = 0, needed: int = 2
) -> None:
    """Two classes are needed to train a classifier that tells them apart; one will do to evaluate it."""
    if len(class_names) >= needed:
        return
    found = f"1 class folder ({class_names[0]!r})" if class_names else "no class folders"
    beside = f" and {count(loose_images, 'image')} directly in it" if loose_images else ""
    raise InputError(
        f"{folder!r} has {found}{beside}, but a classifier needs 2 class folders or more: "
        "put images in DIR/CLASS/*.jpg."
    )


def check_no_class_empty(folder: str, empty: list[str]) -> None:
    """All empty classes at once, so that they are mended at once."""
    if empty:
        raise InputError(
            f"{folder!r} has {count(len(empty), 'class folder')} without any image "
            f"({', '.join(map(repr, empty))}), but every class needs one: add images "
            "(.jpg, .jpeg, .png, .gif, .bmp, .webp) or move the folder away."
        )


def count(number: int, thing: str) -> str:
    """1 image, 2 images."""
    return f"{number} {thing}" + ("" if number == 1 else "s")
