"""A pass over files that workers share out among them: each goes through the module once, in one of them."""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.features.cache import FeatureCache, FileKey
from retrain.features.shared_rows import fill_gaps, slices
from retrain.workers.workers import Workers


class SharedPass(NamedTuple):
    """What the workers have to do, all of them the same.

    Attributes:
      missing: rows of the files that one of them lacks.
    """

    workers: Workers
    files: Sequence[FileKey]
    missing: np.ndarray

    def mine(self, batch_size: int) -> np.ndarray:
        """Of what is missing, the whole batches of this worker."""
        batch = np.arange(len(self.missing)) // batch_size
        return self.missing[batch % self.workers.count == self.workers.index]

    def taken(self, features: np.ndarray | None, cache: FeatureCache | None, computed: set[int]) -> set[int]:
        """Takes what the others have computed into the features, and into a cache of this worker's own.

        Returns the rows that any of them has computed; `computed` are those of this one.
        """
        if self.workers.count == 1:
            return computed
        self.workers.wait_for_all()
        if cache is not None:
            cache.refresh()
        seen = set()
        with contextlib.ExitStack() as opened:
            writer = None
            for some in slices(len(self.missing)):
                at = self.missing[some]
                keys = [self.files[row] for row in at]
                known = np.array(
                    [row in computed if cache is None else cache.has(self.files[row]) for row in at]
                )
                rows = features[at] if cache is None else cache.read(keys)
                filled = fill_gaps(self.workers, rows, known)
                if features is not None:
                    features[at] = rows
                if cache is not None and filled.any():
                    writer = writer or opened.enter_context(cache.writer())
                    writer.append([keys[row] for row in np.flatnonzero(filled)], rows[filled])
                seen.update(at[known | filled].tolist())
        return seen


def shared_pass(workers: Workers, files: Sequence[FileKey], missing: Sequence[int]) -> SharedPass:
    """`missing` are the rows that this worker lacks."""
    lacks = np.zeros(len(files), np.int64)
    lacks[list(missing)] = 1
    return SharedPass(workers, files, np.flatnonzero(workers.total(lacks)))
