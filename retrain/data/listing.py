"""Which image files image_dir holds, of which class: names only, so that a wrong folder is known at once.

Only directories are read here, no file is opened (but one without an ending) or even asked for its size,
which would take three times as long. Sizes and times come with the examples table, pixels with
`retrain.data.images`. What is left out is counted by ending or reason.
"""

import dataclasses
import heapq
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from retrain.errors import InputError
from retrain.folders import entries_of, exists, identity_of, is_folder
from retrain.image_files import begins_like_image
from retrain.image_formats import EXTENSIONS, GET_HEIF, HEIF_EXTENSIONS, READS_HEIF

TASK = "label"  # the one task of class folders
SHOWN_REASONS = 8
DEEPEST_WRAPPER = 5  # a loop of links would have no end
# Folders that file systems, archives and programs leave beside those of the user, in any case.
LITTER = (
    *("__macosx", "@eadir", "@recycle", "#recycle", "$recycle.bin", "lost+found", "lost.dir"),
    *("system volume information", "__pycache__"),
)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".json", ".jsonl", ".ndjson")
CLASSES_FILE = "_classes.csv"  # Roboflow's, in each split: a column of 0 and 1 for each class
SPLITS = ("train", "validation", "test")
# What stands between the labels of a cell, as the sigmoid head reads it; and before a label of which it is
# not known whether the image has it.
SEPARATOR, NOT_KNOWN = "|", "?"


class Column(NamedTuple):
    """What a listing says of one task.

    Attributes:
      cells: the labels of each image, as the task's head reads them; None where nothing is known.
      several: whether an image may have several labels.
    """

    cells: list[str | None]
    several: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All labels in the cells, sorted."""
        labels = {cell for cell in self.cells if cell is not None}
        if self.several:
            parts = {part for label in labels for part in label.split(SEPARATOR) if part}
            labels = {part.removeprefix(NOT_KNOWN) for part in parts}
        return tuple(sorted(labels))


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a reader found: parallel columns, sorted by class and path, or as the table of labels has them.

    Columns and not rows: 60 000 tuples would keep the garbage collector busy for longer than a scan takes.

    Attributes:
      paths: relative to image_dir, POSIX; those of `retrain.image_files`.
      columns: task -> its labels, the primary task first; class folders are the one column TASK.
      splits: "train", "validation", "test", or "" for all where nothing says so.
      groups: of images that must share a split; None where nothing says so.
      weights: what each image counts.
      ignored: ending or reason -> how many: hidden entries, files that are no images, images outside the
        class folders, repeated rows.
      class_folders: whether labels are names of folders: an image of two labels then lies there twice.
    """

    image_dir: str
    paths: list[str]
    columns: Mapping[str, Column]
    splits: list[str]
    groups: list[str | None]
    weights: list[float]
    ignored: Mapping[str, int]
    class_folders: bool

    @property
    def given_split(self) -> bool:
        """Whether folders, or the table, say in which split each image is."""
        return "" not in self.splits

    def called(self, task: str, label: str) -> str:
        """What a label is called in a sentence to the user."""
        return f"class folder {label!r}" if self.class_folders else f"label {label!r} in column {task!r}"


def folder_listing(
    image_dir: str, places: Iterable[tuple[str, str, str]], ignored: Mapping[str, int]
) -> Listing:
    """Of each place (folder, label, split) all images: one label an image, nothing of groups and weights."""
    ignored = Counter(ignored)
    paths, labels, splits = [], [], []
    for folder, label, split in places:
        below, others = images_below(image_dir, folder)
        paths += below
        labels += [label] * len(below)
        splits += [split] * len(below)
        ignored += others
    return Listing(
        image_dir=image_dir,
        paths=paths,
        columns={TASK: Column(labels)},
        splits=splits,
        groups=[None] * len(paths),
        weights=[1.0] * len(paths),
        ignored=ignored,
        class_folders=True,
    )


class TopLevel(NamedTuple):
    """What lies directly in image_dir: visible folders, sorted, how many images, and what else, by reason."""

    folders: list[str]
    images: int
    others: Counter[str]

    @property
    def outside(self) -> Counter[str]:
        """All that lies in no folder, by reason."""
        return self.others + Counter({"outside the class folders": self.images})


def in_words(left_out: Mapping[str, int]) -> str:
    """16 .heic, 4 .txt: the most frequent first."""
    shown = Counter(left_out).most_common(SHOWN_REASONS)
    words = [f"{count} {reason}" for reason, count in shown]
    if others := sum(left_out.values()) - sum(count for _, count in shown):
        words.append(f"{others} others")
    return ", ".join(words)


def top_level(image_dir: str) -> TopLevel:
    """What lies directly in image_dir."""
    if not exists(image_dir):
        raise InputError(
            f"{image_dir!r} does not exist, but a folder of class folders was expected: "
            "name one that holds images as DIR/CLASS/*.jpg."
        )
    if not is_folder(image_dir):
        unpacked = "unpack it, and " if image_dir.lower().endswith(ARCHIVES) else ""
        raise InputError(
            f"{image_dir!r} is a file, but a folder of class folders was expected: {unpacked}name one that "
            "holds images as DIR/CLASS/*.jpg."
        )
    images, folders, others = _entries(image_dir)
    return TopLevel(sorted(folder.name for folder in folders), len(images), others)


def through_wrappers(folder: str) -> tuple[str, list[str]]:
    """The folder, or the one that lies alone in it around others; the folders there."""
    images, folders, _ = _entries(folder)
    for _ in range(DEEPEST_WRAPPER):
        if images or len(folders) != 1:
            break
        inner = os.path.join(folder, folders[0].name)
        images, below, _ = _entries(inner)
        if images or not below:
            break
        folder, folders = inner, below
    return folder, sorted(entry.name for entry in folders)


def has_folders(folder: str) -> bool:
    """Whether visible folders lie directly in this one."""
    return bool(_entries(folder)[1])


def images_below(image_dir: str, folder: str) -> tuple[list[str], Counter[str]]:
    """The images at any depth below image_dir/folder, as sorted paths from image_dir; how much is none.

    Links are followed, but no directory is read twice and image_dir never, so that a loop of links ends.
    """
    paths, ignored = [], Counter()
    seen = {identity_of(image_dir)}
    # Real folders come first: the path of an image must not hang on the order in which links are met.
    pending = [(False, f"{folder}/")]
    while pending:
        _, prefix = heapq.heappop(pending)
        here = os.path.join(image_dir, prefix)
        if (identity := identity_of(here)) in seen:
            continue
        seen.add(identity)
        images, folders, others = _entries(here)
        paths += [prefix + name for name in images]
        ignored += others
        for entry in folders:
            heapq.heappush(pending, (entry.is_symlink(), f"{prefix}{entry.name}/"))
    _check_text(image_dir, paths)
    return sorted(paths), ignored


def is_table(name: str) -> bool:
    """Whether a file is called as tables are."""
    return name.lower().endswith(TABLES)


def is_visible(name: str) -> bool:
    """Whether an entry of a folder is none that is hidden, or litter."""
    return name[0] != "." and name.lower() not in LITTER


def _entries(folder: str) -> tuple[list[str], list[os.DirEntry], Counter[str]]:
    """Names of the images directly in a folder; the folders in it; of what is neither, how many by reason."""
    try:
        everything = entries_of(folder)
    except OSError as error:
        raise InputError(f"{folder!r} cannot be read ({error.strerror}): make it readable.") from error
    visible = [entry for entry in everything if is_visible(entry.name)]
    images = [entry.name for entry in visible if _is_image(entry)]
    folders = [entry for entry in visible if _is_folder(entry)] if len(images) < len(visible) else []
    if len(images) + len(folders) == len(everything):
        return images, folders, Counter()
    taken = {*images, *(entry.name for entry in folders)}
    return images, folders, Counter(_reason(entry) for entry in everything if entry.name not in taken)


def _is_image(entry: os.DirEntry) -> bool:
    """By its ending, or by its content where it has none."""
    if entry.name.lower().endswith(EXTENSIONS):
        return _is_file(entry)
    return not os.path.splitext(entry.name)[1] and _is_file(entry) and begins_like_image(entry.path)


def _reason(entry: os.DirEntry) -> str:
    """Why an entry is left out."""
    if not is_visible(entry.name):
        return "hidden"
    if entry.is_symlink() and not os.path.exists(entry.path):
        return "links to nowhere"
    return ending_in_words(entry.name)


def ending_in_words(name: str) -> str:
    """How a file ends that is no image, and what would make it one."""
    ending = os.path.splitext(name)[1].lower()
    if ending in HEIF_EXTENSIONS and not READS_HEIF:
        return f"{ending} ({GET_HEIF})"
    return ending or "without an ending"


def _is_file(entry: os.DirEntry) -> bool:
    # os.path takes a link to nowhere, or to itself, for no file; DirEntry would raise.
    return entry.is_file(follow_symlinks=False) or (entry.is_symlink() and os.path.isfile(entry.path))


def _is_folder(entry: os.DirEntry) -> bool:
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _check_text(image_dir: str, paths: list[str]) -> None:
    """A name that is no Unicode text could be neither written down nor hashed alike on another machine."""
    for path in paths:
        try:
            path.isascii() or path.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"{os.fsencode(path)!r} in {image_dir!r} is not UTF-8, as names of files and folders were "
                "expected to be: rename it."
            ) from error
