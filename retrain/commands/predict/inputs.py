"""The images that predict is given: files, folders, patterns, and `-`, paths on standard input."""

import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from absl import logging

from retrain.addresses import is_address, parent_and_name
from retrain.data.listing import TABLES, images_below, in_words
from retrain.data.shards import images_in, shards_of
from retrain.errors import InputError
from retrain.folders import exists, is_folder
from retrain.image_files import begins_like_image, is_file, is_shard
from retrain.image_formats import EXTENSIONS
from retrain.settings.field import ADDRESS, TO_REACH_IT

STANDARD_INPUT = "-"


def find_images(words: Sequence[str]) -> tuple[str, ...]:
    """The files that the words name, in their order; InputError where a word names none.

    A folder is the images in it, at any depth. A pattern such as 'photos/*.jpg' is what a shell would have
    made of it. `-` is paths on standard input, one a line or with NUL between; of those some may be gone.
    """
    found = tuple(path for word in words for path in _named(word))
    check_paths(found)
    return found


def check_paths(paths: Sequence[str], image_dir: str = "") -> None:
    """InputError when none of the files, of which `paths` are the names in image_dir, can be an image."""
    for path in paths:
        if path.encode("utf-8", "replace").decode() != path:
            raise InputError(
                f"{os.fsencode(path)!r} is not UTF-8, as the name of a file was expected to be: rename it."
            )
    if not any(begins_like_image(os.path.join(image_dir, path)) for path in paths):
        raise InputError(f"None of the {len(paths)} files is an image that can be decoded.{_advice(paths)}")


def _named(word: str) -> Iterable[str]:
    if word == STANDARD_INPUT:
        return _listed()
    if _exists(word):
        return _files_of(word)
    if glob.has_magic(word):
        return _matching(word)
    if ADDRESS.match(word) and not is_address(word):
        raise InputError(
            f"{word!r} is an address, but an image or a folder on this machine, or at gs://, was expected: "
            f"{TO_REACH_IT}."
        )
    raise InputError(f"{word!r} does not exist, but an image or a folder of images was expected.")


def _exists(path: str) -> bool:
    return exists(path) or is_file(path)


def _files_of(path: str) -> Iterable[str]:
    if is_address(path) and path.lower().endswith(EXTENSIONS):
        return [path]  # to ask of each of a long list would take an hour
    if is_folder(path):
        return _images_in(path)
    if is_shard(path):
        return _images_in_shards(path, [path])
    if exists(path) and not is_file(path):
        raise InputError(
            f"{path!r} is a pipe or a device, but an image or a folder of images was expected: save what it "
            f"gives in a file."
        )
    return [path]


def _matching(pattern: str) -> Iterable[str]:
    """A folder and what is in it may both match: each file counts once."""
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise InputError(f"{pattern!r} matches no file, but images or folders of images were expected.")
    return dict.fromkeys(path for match in matches for path in _files_of(match))


def _listed() -> Iterator[str]:
    if sys.stdin.isatty():
        logging.info("Paths of images are read from here, one a line, up to Ctrl-D.")
    content = sys.stdin.buffer.read()
    lines = content.split(b"\0") if b"\0" in content else content.splitlines()
    paths = [os.fsdecode(line) for line in lines if line]
    if not any(map(_exists, paths)):
        such = f", such as {paths[0]!r}" if paths else ""
        raise InputError(
            f"None of the {len(paths)} paths on standard input exists{such}: give one a line, as they are "
            f"called from the folder in which the command runs."
        )
    for path in paths:
        yield from _files_of(path)


def _images_in(name: str) -> list[str]:
    parent, folder = parent_and_name(name)
    paths, others = images_below(parent, folder)
    if not paths and (shards := shards_of(name)):
        return _images_in_shards(name, [os.path.join(name, shard) for shard in shards])
    return _told(name, [os.path.join(name, os.path.relpath(path, folder)) for path in paths], others)


def _images_in_shards(name: str, shards: Sequence[str]) -> list[str]:
    paths, others = [], Counter()
    for shard in shards:
        names, none = images_in(shard)
        paths += [f"{shard}/{inside}" for inside in names]
        others += none
    return _told(name, paths, others)


def _told(name: str, paths: list[str], others: Counter[str]) -> list[str]:
    """The paths; InputError where there are none."""
    if not paths:
        beside = f" but {in_words(others)}" if others else ""
        raise InputError(f"{name!r} holds no images{beside}: name a folder that does.")
    if others:
        logging.info("Left out of %r: %s.", name, in_words(others))
    return paths


def _advice(paths: Sequence[str]) -> str:
    """What files that list images are for."""
    ending = os.path.splitext(paths[0])[1].lower()
    if ending in TABLES:
        return f" A table of images is given as --labels_file={paths[0]}, with --image_dir."
    if ending == ".txt":
        return f" A list of images is read from standard input: predict - < {paths[0]}"
    return ""
