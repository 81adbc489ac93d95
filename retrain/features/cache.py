"""Keeps computed features on disk, so that an image passes through a frozen module once, whatever run asks.

A cache is a directory for one key: what was computed, by what. Each process that writes makes a segment of
its own, so that runs at the same time need no lock: `NAME.f32`, rows of float32 one after the other (bytes in
`NAME.u8`), and `NAME.rows`, one JSON line [path, size, mtime_ns, checksum] for each. A row is on the disk
before its line is written; a row without a line, and all from the first line on that is not whole, is never
read. The checksum is the CRC-32 of the file's key and the row: what was changed on the disk, or stands beside
another's line, is not there. A file is the same while its path, size and modification time are.
"""

import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import secrets
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from retrain import files
from retrain.cache_directory import user_cache_directory
from retrain.errors import InputError
from retrain.features.stored import StoredFeatures, give_back_pages
from retrain.settings.module import ModuleSettings
from retrain.system_errors import writing

LAYOUT = 2  # a new number for a new layout of the files makes old caches unknown instead of misread
QUOTE, END_OF_PATH = b'"', b'", '  # in a line
ROWS_AT_A_TIME = 256  # between two flushes to disk: what a power cut loses at most


class FileKey(NamedTuple):
    """By what a file is known: its absolute path, its size in bytes, its modification time."""

    path: str
    size: int
    mtime_ns: int


def feature_cache_directory(settings: ModuleSettings) -> pathlib.Path | None:
    """Where features are kept; None keeps none."""
    if settings.feature_cache is None:
        return user_cache_directory()
    return None if settings.feature_cache == "none" else pathlib.Path(settings.feature_cache)


class Place(NamedTuple):
    """Where a file's features lie, and their checksum."""

    segment: pathlib.Path
    row: int
    checksum: int


class FeatureCache:
    """The features of one module, of one output, at one size, decoded in one way, computed by one engine.

    Where `asked` says which files will be asked for, those of others take no memory, and hardly any time.
    """

    def __init__(
        self,
        parent: str | os.PathLike[str],
        key: Mapping[str, object],
        num_features: int,
        dtype: type[np.generic] = np.float32,
        asked: Sequence[FileKey] | None = None,
    ):
        text = json.dumps({**key, "num_features": num_features, "layout": LAYOUT}, sort_keys=True, indent=2)
        self.directory = pathlib.Path(parent) / "features" / hashlib.sha256(text.encode()).hexdigest()[:32]
        self.description = text + "\n"
        self.num_features, self.dtype = num_features, np.dtype(dtype)
        self.asked = None if asked is None else {_path_in_line(key) for key in asked}
        self.refresh()

    def has(self, key: FileKey) -> bool:
        """Whether the file's features were there, and whole, when the cache was opened or refreshed."""
        if key in self.places and key not in self._whole:
            segment, row, checksum = self.places[key]
            if _checksum(key, self._rows(segment)[row]) == checksum:
                self._whole.add(key)
                if len(self._whole) % ROWS_AT_A_TIME == 0:
                    give_back_pages(self._rows(segment))
            else:
                del self.places[key]
        return key in self.places

    def read(self, keys: Sequence[FileKey]) -> np.ndarray:
        """The features of these files [len(keys), num_features]; zeros for those that are not there."""
        return np.asarray(self.stored(keys))

    def stored(self, keys: Sequence[FileKey]) -> StoredFeatures:
        """As `read`, but they are read when they are asked for."""
        segments: dict[pathlib.Path | None, int] = {None: 0}
        places = np.zeros([len(keys), 2], np.int64)
        for position, key in enumerate(keys):
            if self.has(key):
                segment, row, _ = self.places[key]
                places[position] = segments.setdefault(segment, len(segments)), row
        return StoredFeatures([self._rows(segment) for segment in segments], places)

    def refresh(self) -> None:
        """Looks again what is there."""
        self._segments: dict[pathlib.Path, np.ndarray] = {}
        self._whole: set[FileKey] = set()  # those whose checksum was compared
        try:
            self.places = self._read_places()
        except OSError as error:
            raise InputError(
                f"The feature cache {str(self.directory)!r} cannot be read ({os.strerror(error.errno)}): "
                f"make it readable, or give another --feature_cache, or none."
            ) from error

    def writer(self) -> "SegmentWriter":
        """A new segment, to be used in a `with` block."""
        if not self.directory.is_dir():
            files.write_text(self.directory / "key.json", self.description)
        return SegmentWriter(self.directory / secrets.token_hex(8), self.dtype)

    def _read_places(self) -> dict[FileKey, Place]:
        places = {}
        # The newest last: what was computed again stands for what was damaged.
        for index in sorted(self.directory.glob("*.rows"), key=lambda index: index.stat().st_mtime_ns):
            segment = index.with_suffix(_suffix(self.dtype))
            for row, key, checksum in _lines(index, len(self._rows(segment)), self.asked):
                places[key] = Place(segment, row, checksum)
        return places

    def _rows(self, segment: pathlib.Path | None) -> np.ndarray:
        """The rows of a segment; one of zeros for what is in none."""
        if segment is None:
            return np.zeros([1, self.num_features], self.dtype)
        if segment not in self._segments:
            self._segments[segment] = self._mapped(segment)
        return self._segments[segment]

    def _mapped(self, segment: pathlib.Path) -> np.ndarray:
        length = self.dtype.itemsize * self.num_features
        count = segment.stat().st_size // length if segment.exists() else 0
        if not count:
            return np.empty([0, self.num_features], self.dtype)
        return np.memmap(segment, self.dtype, "r", shape=(count, self.num_features))


def _suffix(dtype: np.dtype) -> str:
    return f".{dtype.kind}{8 * dtype.itemsize}"


def _checksum(key: FileKey, row: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(row), zlib.crc32(json.dumps(key).encode()))


def _path_in_line(key: FileKey) -> bytes:
    """How a line of the file begins; a path alone, since what follows it is soon compared."""
    return json.dumps([key.path]).encode()[:-1]


def _lines(
    index: pathlib.Path, rows: int, asked: Container[bytes] | None
) -> Iterator[tuple[int, FileKey, int]]:
    """Rows, keys and checksums of a segment, up to the first line that is not whole.

    Lines of files that are not asked for are passed over unread.
    """
    with index.open("rb") as lines:
        for row, line in enumerate(itertools.islice(lines, rows)):
            if not line.endswith(b"\n"):
                return
            if asked is not None and line.rpartition(END_OF_PATH)[0] + QUOTE not in asked:
                continue
            try:
                *key, checksum = json.loads(line)
                found = row, FileKey(*key), checksum
                hash(found)  # a list in it has none
            except (ValueError, TypeError):
                return
            yield found


class SegmentWriter:
    """Appends rows of one process; what was appended is there for the next run, however this one ends."""

    def __init__(self, stem: pathlib.Path, dtype: np.dtype):
        self.stem, self.dtype = stem, dtype
        self.waiting: list[str] = []

    def __enter__(self) -> Self:
        with writing(self.stem), contextlib.ExitStack() as opened:
            self.rows = opened.enter_context(open(self.stem.with_suffix(_suffix(self.dtype)), "xb"))
            self.lines = opened.enter_context(open(self.stem.with_suffix(".rows"), "xb"))
            opened.pop_all()
        return self

    def append(self, keys: Sequence[FileKey], features: np.ndarray) -> None:
        """Adds features [len(keys), num_features]."""
        rows = np.ascontiguousarray(features, self.dtype)
        with writing(self.stem):
            self.rows.write(rows.tobytes())
            self.waiting += [
                json.dumps([*key, _checksum(key, row)]) for key, row in zip(keys, rows, strict=True)
            ]
            if len(self.waiting) >= ROWS_AT_A_TIME:
                self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # `writing` is the outermost, because closing writes what could not be written before.
        with writing(self.stem), self.rows, self.lines:
            self._flush()

    def _flush(self) -> None:
        self.rows.flush()
        os.fsync(self.rows.fileno())
        self.lines.write("".join(f"{line}\n" for line in self.waiting).encode())
        self.lines.flush()
        self.waiting = []
