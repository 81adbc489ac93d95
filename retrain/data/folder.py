"""Reads a folder of class folders: DIR/CLASS/*.jpg, where images may lie at any depth below CLASS.

The folders say the classes and nothing of splits: those are `retrain.examples.splits`'s.
"""

from collections.abc import Sequence

from retrain.data.listing import TASK, Listing, folder_listing, images_below, in_words, top_level
from retrain.data.split_words import split_of
from retrain.errors import InputError

SHOWN = 5


def read(image_dir: str) -> Listing:
    """Lists every image of every class; InputError when there is no class, or one without images."""
    top = top_level(image_dir)
    class_names = top.folders
    check_class_count(image_dir, class_names, top.images, needed=1)
    listing = folder_listing(image_dir, [(name, name, "") for name in class_names], top.outside)
    found = set(listing.columns[TASK].cells)
    check_no_class_empty(image_dir, [name for name in class_names if name not in found])
    _check_no_splits_inside(listing, class_names)
    return listing


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
            f"({', '.join(_holding(folder, name) for name in empty)}), but every class needs one: add images "
            "(.jpg, .png, .tif, .webp and the like) or move the folder away."
        )


def _holding(folder: str, name: str) -> str:
    """The name of a class folder, and what it holds beside images."""
    _, others = images_below(folder, name)
    return f"{name!r} with {in_words(others)}" if others else repr(name)


def _check_no_splits_inside(listing: Listing, class_names: list[str]) -> None:
    """Splits in some class folders only, or beside images of the class, would be trained on unnoticed."""
    inside: dict[str, set[str]] = {}
    outside = ""
    for path in listing.paths:
        name, *deeper, _ = path.split("/")
        word = next((depth for depth, below in enumerate(deeper) if split_of(below)), None)
        if word is not None:
            inside.setdefault(name, set()).add("/".join(deeper[: word + 1]))
        else:
            outside = outside or path
    several = any(len({split_of(word.rpartition("/")[2]) for word in words}) > 1 for words in inside.values())
    if several or (outside and len(inside) == len(class_names) > 1):
        name, words = next(iter(inside.items()))
        shown = ", ".join(repr(f"{name}/{word}") for word in sorted(words)[:SHOWN])
        beside = f" and images outside such folders ({outside!r})" if outside else " and other folders beside"
        raise InputError(
            f"{listing.image_dir!r} has folders named like splits inside class folders ({shown}){beside}, "
            "but either all images of every class were expected in DIR/CLASS/train, validation and test, or "
            "none: move the others there or away; or rename the folders if they are no splits."
        )


def count(number: int, thing: str) -> str:
    """1 image, 2 images."""
    return f"{number} {thing}" + ("" if number == 1 else "s")
