"""Which reader the folders of image_dir ask for, by their names and what lies directly in them.

Words for splits are taken as splits where class folders lie in them, or where they lie in every class folder.
What else folders may mean is asked by `retrain.data.open_splits`, `folders_inside` and `masks`.
"""

import os
import re
from collections.abc import Mapping

from retrain.addresses import is_address
from retrain.data import READERS
from retrain.data.folder import count
from retrain.data.folders_inside import (
    check_folders_inside,
    check_no_copy,
    inside_each,
    is_of_images,
    listed,
)
from retrain.data.listing import (
    ARCHIVES,
    CLASSES_FILE,
    DEEPEST_WRAPPER,
    Listing,
    has_folders,
    is_table,
    top_level,
)
from retrain.data.masks import check_no_annotations, check_no_masks
from retrain.data.open_splits import check_no_splits_among
from retrain.data.shards import shards_of
from retrain.data.split_words import resembles, split_of
from retrain.errors import InputError
from retrain.extensions import load
from retrain.folders import entries_of
from retrain.image_files import INSIDE, is_shard
from retrain.settings.field import TO_REACH_IT

PARQUET = ".parquet"
ANSWERS = re.compile(r"(?i)sample[-_ ]?sub|^submission")


def read_listing(image_dir: str) -> Listing:
    """Lists image_dir with the reader that its folders ask for."""
    reader = "table" if is_labels(image_dir) else reader_of(image_dir)
    listing = load(READERS, reader, "reader")(image_dir)
    if listing.class_folders:
        check_no_masks(listing)
    return listing


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
    inside = inside_each(image_dir, folders)
    check_no_annotations(image_dir, folders)
    for name, below in inside.items():
        check_no_annotations(os.path.join(image_dir, name), below)
    if folders and all(map(split_of, folders)):
        if all(os.path.isfile(os.path.join(image_dir, word, CLASSES_FILE)) for word in folders):
            return "table"
        _check_classes_below(image_dir, folders)
        return "split_folder"
    if all(map(is_of_images, folders)) and (folders or images) and not any(inside.values()):
        _check_no_table(image_dir, folders)
    if len(folders) == 1:
        _check_wrapper(image_dir, folders[0])
    splits = {split_of(name) for below in inside.values() for name in below}
    if len(splits) > 1 and None not in splits and len(inside) == len(folders):
        return "class_split_folder"
    check_no_splits_among(image_dir, folders)
    check_no_copy(image_dir, folders)
    check_folders_inside(image_dir, folders, inside)
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


def _check_no_table(image_dir: str, folders: list[str]) -> None:
    """Images beside a table, or in a folder beside it, have their labels there."""
    tables = _tables(image_dir)
    if tables:
        beside = f"{count(len(folders), 'folder')} of images ({listed(folders)})" if folders else "images"
        raise InputError(
            f"{image_dir!r} has no class folders, but {beside} and the table {tables[0]!r}: if their labels "
            f"stand there, name it with --labels_file={os.path.join(image_dir, tables[0])}."
        )


def _tables(folder: str) -> list[str]:
    """Tables directly in it, that of train first, and JSON, which may say anything, last.

    Neither Kaggle's form for answers, nor what lies beside each image under its name.
    """
    names = [entry.name for entry in entries_of(folder)]
    images = {os.path.splitext(name)[0] for name in names if not is_table(name)}
    tables = [name for name in filter(is_table, names) if os.path.splitext(name)[0] not in images]
    return sorted((name for name in tables if not ANSWERS.search(name)), key=_rank)


def _rank(table: str) -> tuple[bool, int, str]:
    split = resembles(os.path.splitext(table)[0])
    return table.lower().endswith(".json"), 0 if split == "train" else 2 if split else 1, table


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
        f"{image_dir!r} has {count(len(words), 'folder')} named like a split ({listed(words)}) and no "
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
                f"({listed(folders)}): did you mean {inner!r}?"
            )
        inner = os.path.join(inner, folders[0])
