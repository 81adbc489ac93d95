"""Which reader the folders of image_dir ask for, by their names and what lies directly in them.

Words for splits are taken as splits where class folders lie in them, or where they lie in every class folder.
Where it is open whether folders are splits or classes, a sentence asks: a classifier that tells train from
test would look like a success.
"""

import os
import re
from collections.abc import Iterable, Mapping

from absl import logging

from retrain.addresses import is_address
from retrain.data import READERS
from retrain.data.folder import count
from retrain.data.listing import ARCHIVES, CLASSES_FILE, Listing, has_folders, is_table, top_level
from retrain.data.shards import shards_of
from retrain.data.split_words import resembles, says_a_split_alone, split_of
from retrain.errors import InputError
from retrain.extensions import load
from retrain.folders import entries_of
from retrain.image_files import INSIDE, is_shard
from retrain.settings.field import TO_REACH_IT

SHOWN = 5
EXPECTED = "either train, validation and test were expected, each with class folders, or class folders alone"
PARQUET = ".parquet"
DEEPEST_WRAPPER = 5  # a loop of links would have no end
# Folders of sets for detection and segmentation (YOLO, VOC, COCO ...): those of images, and the others.
OF_IMAGES = ("images", "image", "imgs", "img", "jpegimages")
PART = re.compile(r"(part|batch|chunk)[-_ ]?\d+$")
OF_ANNOTATIONS = (
    *("annotations", "annotation", "labels", "masks", "mask", "trimaps", "ground_truth", "xmls", "meta"),
    *("imagesets", "segmentationclass", "segmentationobject"),
)


def read_listing(image_dir: str) -> Listing:
    """Lists image_dir with the reader that its folders ask for."""
    return load(READERS, "table" if is_labels(image_dir) else reader_of(image_dir), "reader")(image_dir)


def is_labels(image_dir: str) -> bool:
    """Whether it is a table of labels, and no file in which the images themselves are."""
    return is_table(image_dir) and not is_shard(image_dir) and not is_address(image_dir)


def reader_of(image_dir: str) -> str:
    """The row of READERS for a folder; InputError where its meaning is open."""
    if is_shard(image_dir):
        return "shards"
    folders, images, others = top_level(image_dir)
    if not images and shards_of(image_dir):
        return "shards"
    if not folders and not images:
        _check_no_shards(image_dir, others)
        _check_no_archive(image_dir, others)
        _check_no_parquet(image_dir, others)
    inside = _inside_each(image_dir, folders)
    _check_no_annotations(image_dir, folders)
    for name, below in inside.items():
        _check_no_annotations(os.path.join(image_dir, name), below)
    if folders and all(map(split_of, folders)):
        if all(os.path.isfile(os.path.join(image_dir, word, CLASSES_FILE)) for word in folders):
            return "table"
        _check_classes_below(image_dir, folders)
        return "split_folder"
    if all(map(_is_of_images, folders)) and (folders or images) and not any(inside.values()):
        _check_no_table(image_dir, folders)
    if len(folders) == 1:
        _check_wrapper(image_dir, folders[0])
    splits = {split_of(name) for below in inside.values() for name in below}
    if len(splits) > 1 and None not in splits and len(inside) == len(folders):
        return "class_split_folder"
    _check_no_splits_among(image_dir, folders)
    _tell_folders_inside(inside, everywhere=len(inside) == len(folders))
    return "folder"


def _check_no_shards(image_dir: str, others: Mapping[str, int]) -> None:
    """At an address they are not read in place."""
    ending = next((ending for ending in others if INSIDE.fullmatch(f"{ending}/")), None)
    if is_address(image_dir) and ending:
        raise InputError(
            f"{image_dir!r} has {count(others[ending], f'{ending} file')}, but at an address images were "
            f"expected in files of their own, as DIR/CLASS/*.jpg: {TO_REACH_IT}."
        )


def _check_no_archive(image_dir: str, others: Mapping[str, int]) -> None:
    ending = next((ending for ending in others if ending in ARCHIVES), None)
    if ending:
        raise InputError(
            f"{image_dir!r} has no class folders, but {count(others[ending], f'{ending} archive')}: unpack "
            "what the images are in, and name the folder around the class folders."
        )


def _check_no_parquet(image_dir: str, others: Mapping[str, int]) -> None:
    if number := others.get(PARQUET):
        raise InputError(
            f"{image_dir!r} has no class folders, but {count(number, f'{PARQUET} file')} without a column of "
            "images: if paths of images and their labels are in them, name one with --labels_file."
        )


def _inside_each(image_dir: str, folders: list[str]) -> Mapping[str, list[str]]:
    """The folders in each of the folders, up to the first that holds images, or no folders."""
    inside = {}
    for name in folders:
        below, images, _ = top_level(os.path.join(image_dir, name))
        if images or not below:
            break
        inside[name] = below
    return inside


def _is_of_images(name: str) -> bool:
    """Whether a folder is called images, or train_images, or part_1."""
    words = (name.lower(), *re.findall("[a-z]+", name.lower()))
    return any(word in OF_IMAGES for word in words) or PART.search(name.lower()) is not None


def _check_no_annotations(folder: str, names: list[str]) -> None:
    """Masks would be a class of their own, or more images of each."""
    drawn = [name for name in names if name.lower() in OF_ANNOTATIONS]
    others = [name for name in names if name not in drawn]
    if not drawn or not others or not all(name.lower() in OF_IMAGES or resembles(name) for name in others):
        return
    inner = os.path.join(folder, others[0])
    advice = (
        f"did you mean {inner!r}?"
        if len(others) == 1 and len(top_level(inner).folders) > 1
        else "if all images in it are of one class, move the other folder away; else put them into class "
        "folders, or write a table of their labels and name it with --labels_file."
    )
    raise InputError(
        f"{folder!r} has the folder {drawn[0]!r} beside {_listed(others)}, as sets for detection or "
        f"segmentation have, but folders of classes were expected: {advice}"
    )


def _check_no_table(image_dir: str, folders: list[str]) -> None:
    """Images beside a table, or in a folder beside it, have their labels there."""
    tables = _tables(image_dir)
    if tables:
        beside = f"{count(len(folders), 'folder')} of images ({_listed(folders)})" if folders else "images"
        raise InputError(
            f"{image_dir!r} has no class folders, but {beside} and the table {tables[0]!r}: if their labels "
            f"stand there, name it with --labels_file={os.path.join(image_dir, tables[0])}."
        )


def _tables(folder: str) -> list[str]:
    """Tables directly in it; of JSON, which may say anything, after others."""
    names = filter(is_table, (entry.name for entry in entries_of(folder)))
    return sorted(names, key=lambda name: (name.lower().endswith(".json"), name))


def _tell_folders_inside(inside: Mapping[str, list[str]], everywhere: bool) -> None:
    """Folds, years and cameras look like classes where the classes lie in each of them; or kinds of these."""
    alike = next(iter(inside.values()), [])
    if len(inside) > 1 and len(alike) > 1 and all(below == alike for below in inside.values()):
        logging.info(
            "The class folders %s hold the same folders (%s): if it is these that are the classes, put their "
            "images together, or name a table of labels with --labels_file.",
            _listed(inside),
            _listed(alike),
        )
    elif everywhere and len(inside) > 1 and any(len(below) > 1 for below in inside.values()):
        name = next(name for name, below in inside.items() if len(below) > 1)
        logging.info(
            "The class folders %s hold folders, whose images are all of the class above: if it is these that "
            "are the classes, such as %r, move them up, or name a table of labels with --labels_file.",
            _listed(inside),
            f"{name}/{inside[name][0]}",
        )


def _check_classes_below(image_dir: str, words: list[str]) -> None:
    if any(has_folders(os.path.join(image_dir, word)) for word in words):
        return
    above = _tables(image_dir)
    if all(_tables(os.path.join(image_dir, word)) for word in words):
        name = f"take the tables in them with --labels_file={image_dir}"
    elif above:
        name = f"take the table beside them with --labels_file={os.path.join(image_dir, above[0])}"
    else:
        name = "name a table of their labels with --labels_file"
    raise InputError(
        f"{image_dir!r} has {count(len(words), 'folder')} named like a split ({_listed(words)}) and no "
        "class folders below, but images were expected as DIR/train/CLASS/*.jpg: move them into class "
        f"folders, {name}, or, if these are classes, rename them."
    )


def _check_wrapper(image_dir: str, only: str) -> None:
    """A folder around everything, as archives are unpacked, is no class."""
    inner = os.path.join(image_dir, only)
    for _ in range(DEEPEST_WRAPPER):
        if shards_of(inner):
            raise InputError(
                f"{image_dir!r} has no class folders but one folder around shards: did you mean {inner!r}?"
            )
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
    """Two splits, or one that holds classes, are no classes; of one that is flat its name says how to ask."""
    exact = [name for name in folders if split_of(name)]
    like = [name for name in folders if resembles(name) or split_of(name)]
    several = len({split_of(name) or resembles(name) for name in like}) > 1
    if len(set(map(split_of, exact))) > 1 or (several and like == folders):
        raise _open_meaning(image_dir, like, folders)
    if any(_holds_classes(image_dir, name) for name in exact):
        raise _open_meaning(image_dir, like, folders)
    if (several or exact) and _share_classes(image_dir, like, folders):
        raise _open_meaning(image_dir, like, folders)
    for name in like if len(folders) > 1 else ():
        _check_is_a_class(image_dir, name, folders)


def _check_is_a_class(image_dir: str, name: str, folders: list[str]) -> None:
    """Photos to test on beside the classes would be one more class."""
    beside = _listed(folder for folder in folders if folder != name)
    if not says_a_split_alone(name):
        logging.info("The folder %r is taken for a class, as those beside it are (%s).", name, beside)
        return
    raise InputError(
        f"{image_dir!r} has the folder {name!r}, which is named like a split, beside {beside}, but "
        f"{EXPECTED}: if it is no class, move it away; if it is one, give it another name, or name a table "
        "of labels with --labels_file."
    )


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
        f"{image_dir!r} has folders named like splits ({_listed(like)}){beside}, but {EXPECTED}: "
        "if they are splits, give them these names and move other folders away; if they are classes, rename "
        "them, or name a table of labels with --labels_file."
    )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
