"""Features that are read when they are asked for: from files, where they are too many to lie in memory.

They stand in for an array [N, F]: an index chooses rows and reads nothing, `np.asarray` reads them, and `@`
some at a time. What is computed over all features goes through `blocks`, of arrays and of these alike, so
that it is the same to the last bit.
"""

import math
import mmap
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from retrain.errors import InputError

ROWS_AT_A_TIME, BYTES_AT_A_TIME = 4096, 2**24
SCATTERED = 512  # rows that are read of a file at once: with each come 64 kB around it
ALIGNMENT = 64  # bytes, a multiple of which is where TensorFlow wants the memory of a tensor to begin


class StoredFeatures:
    """Rows of some segments.

    Args:
      segments: of shape [rows, F] each, mapped from files, or in memory.
      places: int [N, 2], the segment and the row in it of each.
    """

    def __init__(self, segments: Sequence[np.ndarray], places: np.ndarray):
        self.segments, self.places = segments, places

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.places), self.segments[0].shape[1]

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def in_files(self) -> bool:
        return any(isinstance(segment.base, mmap.mmap) for segment in self.segments)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: slice | np.ndarray) -> Self:
        """These rows: a slice, a mask, or positions."""
        return type(self)(self.segments, self.places[rows])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("What is read from files is a copy.")
        values = aligned(self.shape, dtype or self.segments[0].dtype)
        segment_of, row_of = self.places.T
        segments = np.unique(segment_of)
        if len(segments) == 1 and values.dtype == self.segments[segments[0]].dtype:
            for begin in range(0, len(values), SCATTERED):
                some = slice(begin, begin + SCATTERED)
                # No copy in between, as an index makes; there is no row that does not exist.
                np.take(self.segments[segments[0]], row_of[some], axis=0, out=values[some], mode="clip")
                give_back_pages(self.segments[segments[0]])
            return values
        for segment in segments:
            at = np.flatnonzero(segment_of == segment)
            for some in np.split(at, range(SCATTERED, len(at), SCATTERED)):
                values[some] = self.segments[segment][row_of[some]]
                give_back_pages(self.segments[segment])
        return values

    def __matmul__(self, matrix: np.ndarray) -> np.ndarray:
        return np.concatenate([block @ matrix for block in blocks(self)])


Features = np.ndarray | StoredFeatures


def aligned(shape: tuple[int, int], dtype: np.dtype | type = np.float32) -> np.ndarray:
    """Zeros, whose memory TensorFlow can share."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % ALIGNMENT
    return memory[begin : begin + size].view(dtype).reshape(shape)


def in_memory(features: Features) -> tuple[np.ndarray, np.ndarray]:
    """Memory that TensorFlow can share, and the rows of it, int [N], that these are.

    A copy, unless all of them lie in such memory already.
    """
    if isinstance(features, StoredFeatures) and len(features.segments) == 1:
        [segment] = features.segments
        is_aligned = segment.ctypes.data % ALIGNMENT == 0 and segment.flags.c_contiguous
        if is_aligned and segment.flags.writeable and segment.dtype == np.float32:
            return segment, features.places[:, 1]
    values, begin = aligned(features.shape), 0
    for block in blocks(features):
        values[begin : begin + len(block)] = block
        begin += len(block)
    return values, np.arange(len(values))


def give_back_pages(segment: np.ndarray) -> None:
    """What was read of a mapped file counts as memory of this process until then; the system keeps it."""
    if isinstance(segment.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        segment.base.madvise(mmap.MADV_DONTNEED)


def viewed(features: np.ndarray) -> StoredFeatures:
    """The same rows [N, F], of which splits and folds are no copies."""
    rows = np.arange(len(features))
    return StoredFeatures([features], np.column_stack([np.zeros_like(rows), rows]))


def blocks(features: Features) -> Iterator[np.ndarray]:
    """All rows, once, in order, `block_length` in memory; an empty block where there are none."""
    size = block_length(features.shape[1])
    for begin in range(0, max(1, len(features)), size):
        yield np.asarray(features[begin : begin + size])


def block_length(num_features: int) -> int:
    """How many rows of so many features are looked at together."""
    return max(1, min(ROWS_AT_A_TIME, BYTES_AT_A_TIME // (4 * max(1, num_features))))


def mean_features(features: Features) -> np.ndarray:
    """Float32 [F]."""
    total = sum(block.sum(axis=0, dtype=np.float64) for block in blocks(features))
    return (total / len(features)).astype(np.float32)


def variance(features: Features) -> float:
    """Of features [N, F] around their mean [F], the mean over all values."""
    mean = mean_features(features)
    # Not np.square, which would need the memory of a block in double precision.
    centred = (block - mean for block in blocks(features))
    total = sum(np.einsum("ij,ij->", block, block, dtype=np.float64) for block in centred)
    return float(total) / features.size


def check_finite(features: Features, paths: Sequence[str], handle: str) -> None:
    """InputError where some of them are not; `paths` name the images, `handle` the module they come from."""
    finite = np.concatenate([np.isfinite(block).all(axis=1) for block in blocks(features)])
    if not finite.all():
        raise InputError(
            f"{handle!r} gives features that are no numbers (infinite or nan) for {np.sum(~finite)} images, "
            f"such as {paths[int(finite.argmin())]!r}: use another module, or remove them."
        )
