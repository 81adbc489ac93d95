"""The sketches of a run's files: remembered, taken while features are computed, or by a pass of their own.

They are the same for every module, and kept beside its features under the same rule: a file is the same while
its path, size and modification time are. A sketch is kept as bytes; `Sketches` says what is in them.
"""

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from retrain.data.images import DECODING, MAGIC_LENGTH, SKETCH_SIDE
from retrain.data.pipeline import FORMATS, sketch_batches, undecodable
from retrain.progress import progress
from retrain.training.feature_cache import FeatureCache, FileKey

VERSION = 1  # of what a sketch is, beside DECODING
BATCH_SIZE = 64
THUMBNAIL = (SKETCH_SIDE, SKETCH_SIDE, 3)
LENGTH = MAGIC_LENGTH + 8 + SKETCH_SIDE * SKETCH_SIDE * 3


class Sketches(NamedTuple):
    """What is known of each file, rows as the files; zeros and "" for those in `skipped`.

    Attributes:
      formats: "JPEG", "PNG", ...
      sizes: int32 [N, 2], upright height and width.
      thumbnails: uint8 [N, 32, 32, 3].
      skipped: the position of each file that gave no image -> why.
    """

    formats: list[str]
    sizes: np.ndarray
    thumbnails: np.ndarray
    skipped: Mapping[int, str]


class SketchBook:
    """Collects the sketches of files in a `with` block, and keeps the new ones at its end, however it ends."""

    def __init__(self, files: Sequence[FileKey], cache_directory: str | os.PathLike[str] | None):
        self.files = files
        self.rows = np.zeros([len(files), LENGTH], np.uint8)
        self.cache = None
        remembered: list[int] = []
        if cache_directory:
            key = {"sketch": VERSION, "decoding": DECODING}
            self.cache = FeatureCache(cache_directory, key, LENGTH, np.uint8)
            remembered = [row for row, file in enumerate(files) if self.cache.has(file)]
            self.rows[remembered] = self.cache.read([files[row] for row in remembered])
        self.known = np.zeros(len(files), bool)
        self.known[remembered] = True
        self.remembered = self.known.copy()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        new = np.flatnonzero(self.known & ~self.remembered)
        if self.cache is not None and len(new):
            with self.cache.writer() as writer:
                writer.append([self.files[row] for row in new], self.rows[new])
            self.remembered = self.known.copy()

    def add(self, rows: Sequence[int], sketches: Mapping[str, np.ndarray]) -> None:
        """Notes the sketches of these files, as the pipeline gives them."""
        magic = [contents.ljust(MAGIC_LENGTH, b"\0") for contents in sketches["magic"]]
        parts = [np.frombuffer(b"".join(magic), np.uint8).reshape(len(rows), -1)]
        parts += [np.ascontiguousarray(sketches["size"], "<i4").view(np.uint8)]
        parts += [sketches["thumbnail"].reshape(len(rows), -1)]
        self.rows[rows] = np.concatenate(parts, axis=1)
        self.known[rows] = True

    def finished(self, skipped: Mapping[int, str] | None = None) -> Sketches:
        """All sketches, after a pass over the files that have none yet; `skipped` are known to be no images."""
        missing = np.setdiff1d(np.flatnonzero(~self.known), list(skipped or ()))
        if len(missing):
            batches = sketch_batches([self.files[row].path for row in missing], BATCH_SIZE)
            passed = progress(batches.as_numpy_iterator(), len(missing), "sketches", "images", _size)
            for positions, sketches in passed:
                self.add(missing[positions], sketches)
        reasons = dict(skipped or {})
        for row in missing[~self.known[missing]].tolist():
            reasons[row] = undecodable(self.files[row].path) or "changed while it was read"
        return self._sketches(reasons)

    def _sketches(self, skipped: Mapping[int, str]) -> Sketches:
        magic, sizes, thumbnails = np.split(self.rows, [MAGIC_LENGTH, MAGIC_LENGTH + 8], axis=1)
        formats = {bytes(row): _format(bytes(row)) for row in np.unique(magic, axis=0)}
        return Sketches(
            [formats[bytes(row)] for row in magic],
            np.ascontiguousarray(sizes).view("<i4"),
            thumbnails.reshape(-1, *THUMBNAIL),
            skipped,
        )


def _format(magic: bytes) -> str:
    return next((name for start, name in FORMATS.items() if magic.startswith(start[:MAGIC_LENGTH])), "")


def _size(batch: tuple[np.ndarray, object]) -> int:
    return len(batch[0])
