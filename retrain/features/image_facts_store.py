"""Facts of a run's images: remembered, noted while features are computed, or by a pass of their own.

They are the same for every module, and kept beside its features under the same rule: a file is the same while
its path, size and modification time are. They are kept as bytes; `ImageFacts` says what is in them.
"""

import math
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from retrain.data.image_facts import ImageFacts
from retrain.data.images import DECODING, THUMBNAIL_SIDE
from retrain.data.pipeline import facts_batches, hexadecimal
from retrain.features.cache import FeatureCache, FileKey
from retrain.features.shared_rows import fill_gaps, slices
from retrain.image_formats import LONGEST, format_of
from retrain.progress import progress
from retrain.settings.data import AS_USUAL, Decoding
from retrain.workers.workers import Workers

VERSION = 3  # of what is noted, beside DECODING
BATCH_SIZE = 64
SIZE, CONTENT = np.dtype("<i4"), np.dtype("<i8")
THUMBNAIL = (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
# Where one thing ends and the next begins: magic, size, traits, content, thumbnail.
ENDS = np.cumsum([LONGEST, 2 * SIZE.itemsize, 1, CONTENT.itemsize])
LENGTH = int(ENDS[-1]) + math.prod(THUMBNAIL)


class ImageFactsStore:
    """Notes facts of `files` in a `with` block; at its end, however it ends, new ones are kept."""

    def __init__(
        self,
        files: Sequence[FileKey],
        cache_directory: str | os.PathLike[str] | None,
        decoding: Decoding = AS_USUAL,
    ):
        self.decoding = decoding
        self.files, self.row_of = files, {file: row for row, file in enumerate(files)}
        self.rows, self.known = np.zeros([len(files), LENGTH], np.uint8), np.zeros(len(files), bool)
        self.cache = None
        if cache_directory:
            key = {"sketch": VERSION, "decoding": DECODING, **decoding._replace(antialias=False).key}
            self.cache = FeatureCache(cache_directory, key, LENGTH, np.uint8, asked=files)
        self.remember()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.keep()

    def remember(self) -> None:
        """Takes what is kept."""
        if self.cache is not None:
            at = [row for row, file in enumerate(self.files) if not self.known[row] and self.cache.has(file)]
            self.rows[at], self.known[at] = self.cache.read([self.files[row] for row in at]), True
        self.remembered = self.known.copy()

    def keep(self) -> None:
        """Keeps what is new, where anything is kept."""
        new = np.flatnonzero(self.known & ~self.remembered)
        if self.cache is not None and len(new):
            with self.cache.writer() as writer:
                for some in slices(len(new)):  # of all at once there would be two copies
                    writer.append([self.files[row] for row in new[some]], self.rows[new[some]])
        self.remembered = self.known.copy()

    def share(self, workers: Workers) -> None:
        """Takes what the other workers, each of images of its own, have noted; all do this at once."""
        if workers.count == 1:
            return
        self.keep()
        workers.wait_for_all()
        if self.cache is not None:
            self.cache.refresh()
        self.remember()
        for some in slices(len(self.files)):
            self.known[some] |= fill_gaps(workers, self.rows[some], self.known[some])
        self.keep()

    def has(self, files: Sequence[FileKey]) -> bool:
        """Whether all of these are known."""
        return bool(self.known[[self.row_of[file] for file in files]].all())

    def add(self, files: Sequence[FileKey], facts: Mapping[str, np.ndarray]) -> None:
        """Notes what the pipeline says of these files."""
        magic = b"".join(contents.ljust(LONGEST, b"\0") for contents in facts["magic"])
        parts = [
            np.frombuffer(magic, np.uint8).reshape(len(files), -1),
            np.ascontiguousarray(facts["size"], SIZE).view(np.uint8),
            facts["traits"].astype(np.uint8)[:, None],
            np.ascontiguousarray(facts["content"], CONTENT)[:, None].view(np.uint8),
            facts["thumbnail"].reshape(len(files), -1),
        ]
        rows = [self.row_of[file] for file in files]
        self.rows[rows], self.known[rows] = np.concatenate(parts, axis=1), True

    def fill(self, files: Sequence[FileKey]) -> None:
        """Passes over those of the files that are not known; what is no image stays so."""
        missing = [file for file in files if not self.known[self.row_of[file]]]
        if missing:
            batches = facts_batches([file.path for file in missing], BATCH_SIZE, self.decoding)
            for positions, facts in progress(
                batches.as_numpy_iterator(), len(missing), "image facts", "images", _size
            ):
                self.add([missing[position] for position in positions], facts)

    def facts(self, files: Sequence[FileKey]) -> ImageFacts:
        """What is known of these files."""
        at = np.array([self.row_of[file] for file in files], int)
        rows = self.rows if np.array_equal(at, np.arange(len(self.rows))) else self.rows[at]
        magic, sizes, traits, contents, thumbnails = np.split(rows, ENDS, axis=1)
        kinds, kind_of = np.unique(magic, axis=0, return_inverse=True)
        formats = [format_of(kind.tobytes()) for kind in kinds]
        return ImageFacts(
            [formats[kind] for kind in kind_of.ravel()],
            np.ascontiguousarray(sizes).view(SIZE),
            thumbnails.reshape(-1, *THUMBNAIL),
            traits.ravel(),
            hexadecimal(np.ascontiguousarray(contents).view(CONTENT).ravel()),
        )


def _size(batch: tuple[np.ndarray, object]) -> int:
    return len(batch[0])
