r"""Finds the images that a table names in the spelling of another machine: `.\cats\1`, `/data/cats/1.JPG`.

What is there as it is written stays. The rest is sought in one listing of image_dir, and told in a line for
each way in which it was found; only an image that no other fits as well is taken.
"""

import os
import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import unquote

from absl import logging

from retrain.data.listing import is_visible
from retrain.files import missing_files
from retrain.image_formats import EXTENSIONS

# What Label Studio writes before the path of a local file, and before the name of one that was uploaded.
LOCAL_FILE = "/data/local-files/?d="
LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
DECIMAL = re.compile(r"(?<=\d)\.0$")
ABSOLUTE = re.compile(r"/|[a-zA-Z]:/|[a-z]+://")
UPLOAD = re.compile(r"^/data/upload/(\d+/)?[0-9a-f]{8}-")


def found_paths(labels_file: str, image_dir: str, written: Sequence[str]) -> list[str]:
    """The paths from image_dir, as its files are called where they are found, else with / for backslashes."""
    absolute = tuple(
        {f"{_slashed(top)}/" for top in (os.path.abspath(image_dir), os.path.realpath(image_dir))}
    )
    paths = [_plain(path, image_dir, absolute) for path in written]
    slashed = sum("\\" in before and "\\" not in path for before, path in zip(written, paths, strict=True))
    if slashed:
        _tell(labels_file, "with \\ for /", f"read {slashed} of {len(paths)}")
    below = sum(path.startswith("/") for path in written) - sum(path.startswith("/") for path in paths)
    if below:
        _tell(labels_file, f"that begin at / below {image_dir!r}", f"read {below} of {len(paths)}")
    missing = sorted({*missing_files(image_dir, paths)})
    if not missing:
        return paths
    files, named = _files_below(image_dir), set(paths)
    others = [file for file in files if file not in named]
    found = _found(missing, others)
    ways = Counter(_difference(path, file) for path, file in found.items())
    if not found and (len(missing) == len(named) or all(map(ABSOLUTE.match, missing))):
        found, folders = _without_folders(missing, files)
        ways = Counter({f"without {folders!r}": len(found)} if found else {})
    if len(found) < len(missing):
        below = _in_folders([path for path in missing if path not in found], others)
        found |= below
        ways += Counter({"without their folders": len(below)})
    for way, count in sorted(ways.items()):
        _tell(labels_file, way, f"found {count} of {len(missing)}")
    if len(found) < len(missing):
        _tell_of_twins(labels_file, [path for path in missing if path not in found], others)
    return [found.get(path, path) for path in paths]


def file_stems(image_dir: str) -> set[str]:
    """What all files below are called, without folders, as `same_stem` has it."""
    return {same_stem(posixpath.basename(file)) for file in _files_below(image_dir)}


def _plain(path: str, image_dir: str, absolute: tuple[str, ...]) -> str:
    """Relative to image_dir, with /; a backslash in a name that a file has is a part of it."""
    path = path.strip()
    if "://" in path:
        path = path.partition("?")[0]
    if LOCAL_FILE in path:
        path = unquote(path.partition(LOCAL_FILE)[2])
    if "\\" in path and not os.path.isfile(os.path.join(image_dir, path)):
        path = _slashed(path)
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    for top in absolute:
        path = path.removeprefix(top)
    return path


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def _same_text(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _same_letters(path: str) -> str:
    return _same_text(path).casefold()


def same_stem(path: str) -> str:
    """The same for paths that differ in the ending of an image, or in the case of letters."""
    stem, ending = posixpath.splitext(_same_letters(path))
    return stem if ending in EXTENSIONS else stem + ending


def _same_address(path: str) -> str:
    """Of my%20cat.jpg, my cat.jpg."""
    return same_stem(unquote(path))


def _same_numbers(path: str) -> str:
    """Spreadsheets take 0007 for a number, and write 7; pandas writes 7.0."""
    return LEADING_ZEROS.sub("", DECIMAL.sub("", same_stem(path)))


# From the closest on: a path and a file that these make the same may be the same.
LIKENESSES: tuple[Callable[[str], str], ...] = (
    *(_same_text, _same_letters, same_stem),
    *(_same_address, _same_numbers),
)


def _found(missing: Iterable[str], files: Sequence[str]) -> dict[str, str]:
    """Missing path -> the file that it means, where one does."""
    found: dict[str, str] = {}
    for likeness in LIKENESSES:
        index = _only_ones(files, likeness)
        sought = {path: index.get(likeness(path)) for path in missing if path not in found}
        found |= {path: file for path, file in sought.items() if file is not None}
    return found


def _without_folders(missing: Sequence[str], files: Sequence[str]) -> tuple[dict[str, str], str]:
    """Missing path -> file, and the folders before all paths without which all are found; else nothing."""
    first, last = missing[0], missing[-1]  # sorted: what these two begin with, all do
    for end in (position + 1 for position, letter in enumerate(first) if letter == "/"):
        if not last.startswith(first[:end]):
            break
        short = {path: path[end:] for path in missing}
        there = _found(short.values(), files)
        if all(path in there for path in short.values()):
            return {path: there[name] for path, name in short.items()}, first[:end]
    return {}, ""


def _in_folders(missing: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Missing path -> the only file whose path ends so, in any folder; of an upload, whose name is so."""
    keys = {path: _same_address(UPLOAD.sub("", path)) for path in missing}
    index: dict[str, str | None] = {}
    for depth in {key.count("/") + 1 for key in keys.values()}:
        index |= _only_ones(files, lambda file, depth=depth: "/".join(same_stem(file).split("/")[-depth:]))
    return {path: file for path, key in keys.items() if (file := index.get(key)) is not None}


def _only_ones(files: Iterable[str], likeness: Callable[[str], str]) -> Mapping[str, str | None]:
    """Likeness -> the file, or None where two are alike."""
    index: dict[str, str | None] = {}
    for file in files:
        key = likeness(file)
        index[key] = None if key in index else file
    return index


def _tell_of_twins(labels_file: str, missing: Sequence[str], files: Sequence[str]) -> None:
    """A path that two files end with names neither, which its user would not see."""
    ending: dict[str, list[str]] = {path: [] for path in missing}
    for file in files:
        tail = file
        while tail:
            if tail in ending:
                ending[tail].append(file)
            tail = tail.partition("/")[2]
    twins = {path: ends for path, ends in ending.items() if len(ends) > 1}
    if twins:
        path, ends = next(iter(twins.items()))
        way = f"that two files have, such as {path!r} ({ends[0]!r} and {ends[1]!r})"
        _tell(labels_file, way, f"left {len(twins)} of {len(missing)}, for want of their folders")


def _difference(path: str, file: str) -> str:
    """How a path is written that was found as `file`."""
    if _same_text(path) == _same_text(file):
        return "in another Unicode form"
    if same_stem(path) != same_stem(file):
        if _same_address(path) == _same_address(file):
            return "with % as in addresses"
        return "with .0 behind numbers" if DECIMAL.search(same_stem(path)) else "without leading zeros"
    there, ending = (posixpath.splitext(name)[1] for name in (path, file))
    if there.lower() not in EXTENSIONS:
        return f"without {ending}"
    return "in another letter case" if there == ending else f"with {there} for {ending}"


def _files_below(image_dir: str) -> list[str]:
    """All visible files, as paths from image_dir; links are followed, but no folder is read twice."""
    files, seen = [], {os.path.realpath(image_dir)}
    for here, folders, names in os.walk(image_dir, followlinks=True):
        prefix = os.path.relpath(here, image_dir)
        prefix = "" if prefix == os.curdir else f"{prefix}/"
        files += [prefix + name for name in names if is_visible(name)]
        real = {name: os.path.realpath(os.path.join(here, name)) for name in folders if is_visible(name)}
        folders[:] = sorted(name for name, place in real.items() if place not in seen)
        seen |= set(real.values())
    return sorted(files)


def _tell(labels_file: str, way: str, result: str) -> None:
    logging.info("--labels_file=%r, paths %s: %s.", labels_file, way, result)
