"""Reads shards: tar files in WebDataset's form, with the label of 000123.jpg in 000123.cls or 000123.json
beside it, and files of TFRecord or Parquet, each record or row an image with its label.

image_dir is such a file, or holds some, which are called shards, or folders of splits that do. Images stay
where they are: that of DIR/train-000.tar is called train-000.tar/000123.jpg, and is read in place. Where the
names of shards say two splits or more, such as train and val, these are taken.
"""

import os
import posixpath
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from retrain.data import record_labels, shard_labels
from retrain.data.folder import count
from retrain.data.listing import TASK, Column, Listing, ending_in_words, in_words, is_visible, top_level
from retrain.data.shard_labels import Cell
from retrain.data.split_words import resembles, split_of, tell_splits
from retrain.errors import InputError
from retrain.image_files import is_shard, members_of
from retrain.image_formats import EXTENSIONS
from retrain.parquet import is_parquet
from retrain.record_members import LABEL_FIELDS, is_records
from retrain.tar_members import is_tar

SHOWN = 3


class Shard(NamedTuple):
    """Paths of images with their labels; and how many members are left out, by reason."""

    paths: list[str]
    labels: list[Cell]
    left_out: Counter[str]


def read(image_dir: str) -> Listing:
    """Lists every image that has a label; InputError where none has."""
    names = shards_of(image_dir)
    if not names:
        raise InputError(
            f"{image_dir!r} has no shards (.tar, .tfrecord, .parquet), or other images beside them, but they "
            "alone were expected: name a folder that holds DIR/*.tar, DIR/*.tfrecord or DIR/*.parquet."
        )
    shards = [_shard(image_dir, name) for name in names]
    splits = _splits(image_dir, names)
    labels = [label for shard in shards for label in shard.labels]
    left_out = sum((shard.left_out for shard in shards), Counter())
    _check_some(image_dir, names, len(labels), left_out)
    return Listing(
        image_dir=image_dir,
        paths=[path for shard in shards for path in shard.paths],
        columns={TASK: Column([label.text for label in labels], any(label.several for label in labels))},
        splits=[split for split, shard in zip(splits, shards, strict=True) for _ in shard.paths],
        groups=[None] * len(labels),
        weights=[1.0] * len(labels),
        ignored=left_out,
        class_folders=False,
    )


def shards_of(image_dir: str) -> list[str]:
    """Their names in image_dir, sorted, "" for itself; none where class folders or images lie there, too."""
    if is_shard(image_dir):
        return [""]
    if not os.path.isdir(image_dir):
        return []
    top = top_level(image_dir)
    if top.images or not all(map(split_of, top.folders)):
        return []
    if not top.folders:
        return _shards(image_dir)
    inside = [[f"{folder}/{name}" for name in _shards_alone(image_dir, folder)] for folder in top.folders]
    return [name for names in inside for name in names] if all(inside) else []


def images_in(shard: str) -> tuple[list[str], Counter[str]]:
    """The names of all images in a shard, labelled or not; how many members are none, by reason."""
    members = members_of(shard)
    left_out = Counter(members.left_out)
    left_out.update(why for name in members.places if (why := _why_no_image(name)))
    return [name for name in members.places if not _why_no_image(name)], left_out


def _shards_alone(image_dir: str, folder: str) -> list[str]:
    here = os.path.join(image_dir, folder)
    top = top_level(here)
    return [] if top.images or top.folders else _shards(here)


def _shards(folder: str) -> list[str]:
    return sorted(name for name in os.listdir(folder) if is_visible(name) and is_shard(f"{folder}/{name}"))


def _shard(image_dir: str, name: str) -> Shard:
    path = os.path.join(image_dir, name) if name else image_dir
    labels = (shard_labels if is_tar(path) else record_labels).labels_in(path)
    members = members_of(path)
    shard = Shard([], [], Counter(members.left_out))
    for member in members.places:
        if member in labels.members:
            continue
        label = labels.of(member)
        if why := _why_no_image(member) or ("" if label else "without a label"):
            shard.left_out[why] += 1
        else:
            shard.paths.append(f"{name}/{member}" if name else member)
            shard.labels.append(label)
    return shard


def _why_no_image(name: str) -> str:
    """By its name, in a few words; empty for images."""
    if not all(map(is_visible, name.split("/"))):
        return "hidden"
    return "" if name.lower().endswith(EXTENSIONS) else ending_in_words(name)


def _splits(image_dir: str, names: Sequence[str]) -> list[str]:
    """Of each shard; "" where fewer than two splits are named."""
    splits = [split_of(posixpath.dirname(name)) or resembles(posixpath.basename(name)) for name in names]
    said = set(splits) - {None}
    if len(said) < 2:
        return [""] * len(names)
    if None in splits:
        others = [name for name, split in zip(names, splits, strict=True) if split is None]
        raise InputError(
            f"{image_dir!r} has shards whose names say a split ({', '.join(sorted(said))}) beside "
            f"{count(len(others), 'other')} ({', '.join(map(repr, others[:SHOWN]))}), but either all were "
            "expected to say one, as train-000 does, or none: rename them, or move others away."
        )
    tell_splits(said)
    return splits


def _check_some(image_dir: str, names: Sequence[str], labelled: int, left_out: Counter[str]) -> None:
    if labelled:
        return
    beside = f" ({in_words(left_out)})" if left_out else ""
    paths = [os.path.join(image_dir, name) if name else image_dir for name in names]
    if all(map(is_records, paths)):
        raise InputError(
            f"{image_dir!r} has files of TFRecord without any image that has a label{beside}, as a feature "
            f"of its record that is called {', '.join(LABEL_FIELDS)}: write one of these, or the images into "
            "class folders."
        )
    if all(map(is_parquet, paths)):
        raise InputError(
            f"{image_dir!r} has files of Parquet without any image that has a label{beside}, in a column "
            f"called {', '.join(LABEL_FIELDS)}: write one of these, or name a table with --labels_file."
        )
    raise InputError(
        f"{image_dir!r} has tar files without any image that has a label beside it{beside}, as 000123.cls or "
        "000123.json lies beside 000123.jpg in WebDataset's form: write such files, or unpack the "
        "images into class folders."
    )
