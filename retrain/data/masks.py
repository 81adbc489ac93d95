"""What sets for detection and segmentation have beside their images, by its names: masks, boxes, outlines.

A folder of masks would be a class of its own, and a mask beside its image another image of its class.
"""

import os
import posixpath
import re
from collections.abc import Collection

from absl import logging

from retrain.data.listing import Listing, through_wrappers, top_level
from retrain.data.split_words import resembles, split_of
from retrain.errors import InputError

# Folders of sets for detection and segmentation (YOLO, VOC, COCO ...): those of images, and the others.
OF_IMAGES = ("images", "image", "imgs", "img", "jpegimages")
OF_ANNOTATIONS = (
    *("annotations", "annotation", "labels", "label", "masks", "mask", "trimaps", "xmls", "meta"),
    *(
        "ground_truth",
        "groundtruth",
        "gt",
        "segmentations",
        "segmentation",
        "imagesets",
        "segmentationclass",
        "segmentationobject",
    ),
)
MASK = re.compile(
    r"[-_ .]+(mask|masks|seg|segmented|segmentation|annotation|label|labels|gt|ground_?truth)([-_ .]?\d+)?$",
    re.IGNORECASE,
)
MOST = 0.5  # of the images without a mask that have a mask beside them


def check_no_annotations(folder: str, names: list[str]) -> None:
    """InputError where masks would be a class of their own, or more images of each."""
    drawn = [name for name in names if has_word(name, OF_ANNOTATIONS)]
    others = [name for name in names if name not in drawn]
    if not drawn or not others or not all(_is_of_all_images(name) or resembles(name) for name in others):
        return
    beside = ", ".join(map(repr, others))
    raise InputError(
        f"{folder!r} has the folder {drawn[0]!r} beside {beside}, as sets for detection or "
        f"segmentation have, but folders of classes were expected: {_advice(folder, others)}"
    )


def has_word(name: str, words: Collection[str]) -> bool:
    """Whether a folder is called by one of the words, or has it in its name, as train_masks."""
    return any(word in words for word in (name.lower(), *re.findall("[a-z]+", name.lower())))


def _is_of_all_images(name: str) -> bool:
    """Whether a folder is called images, or original_images; normal_images may be a class."""
    return all(word in (*OF_IMAGES, "original", "raw") for word in re.split("[-_ ]", name.lower()))


def _advice(folder: str, others: list[str]) -> str:
    inner, inside = through_wrappers(os.path.join(folder, others[0])) if len(others) == 1 else ("", [])
    if len(inside) > 1 and not (all(map(split_of, inside)) and _are_flat(inner, inside)):
        return f"did you mean {inner!r}?"
    return (
        "if all images in it are of one class, move the other folder away; else put them into class "
        "folders, or write a table of their labels and name it with --labels_file."
    )


def _are_flat(folder: str, names: list[str]) -> bool:
    """Whether images alone lie in each of the folders, as those of YOLO do in images/train."""
    return not any(top_level(os.path.join(folder, name)).folders for name in names)


def check_no_masks(listing: Listing) -> None:
    """InputError where most images have a mask beside them; where some have, a line says so."""
    masks = _masks(listing.paths)
    if not masks:
        return
    mask, image = next(iter(masks.items()))
    found = (
        f"{len(masks)} of the {len(listing.paths)} images in {listing.image_dir!r} are called like masks of "
        f"others ({mask!r} beside {image!r})"
    )
    if len({*masks.values()}) < MOST * (len(listing.paths) - len(masks)):
        logging.warning("%s, and are taken for images of their class: move away what is none.", found)
        return
    raise InputError(
        f"{found}, as sets for segmentation have, but images alone were expected in class folders: move the "
        "masks away, or, if they are photos themselves, give them other names."
    )


def _masks(paths: list[str]) -> dict[str, str]:
    """The images that are called as another one with _mask, _mask_1, _seg or the like behind; that one."""
    stems = {path: posixpath.splitext(path)[0] for path in paths}
    called = {path: match.start() for path, stem in stems.items() if (match := MASK.search(stem))}
    images = {stem: path for path, stem in stems.items() if path not in called} if called else {}
    beside = {path: images.get(stems[path][:end]) for path, end in called.items()}
    return {path: image for path, image in beside.items() if image}
