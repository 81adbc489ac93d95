"""Arrays [N, C] of so many classes that they are not held: rows of them are computed when they are asked for.

They stand in for an array: an index chooses rows and computes nothing, `np.asarray` computes them. What is
made of all rows goes through `row_blocks`, of arrays and of these alike.
"""

from collections.abc import Callable, Iterator
from typing import Self

import numpy as np

MANY_CLASSES = 1000  # of more, what is computed of all examples is not held
CELLS = 2**22  # 16 MB: of the rows that are computed at once


class ComputedRows:
    """Rows `at`, int [N], of what `compute` gives for such positions, an array [M, C]."""

    def __init__(self, compute: Callable[[np.ndarray], np.ndarray], at: np.ndarray, width: int):
        self.compute, self.at, self.width = compute, at, width

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.at), self.width

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, rows: slice | np.ndarray) -> Self:
        """These rows: a slice, a mask, or positions."""
        return type(self)(self.compute, self.at[rows], self.width)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("What is computed is a copy.")
        return np.asarray(self.compute(self.at), dtype)

    def then(self, function: Callable[[np.ndarray], np.ndarray]) -> Self:
        """What a function makes of each block of rows, [M, C] -> [M, C]."""
        return type(self)(lambda at: function(self.compute(at)), self.at, self.width)


Rows = np.ndarray | ComputedRows


def computed(compute: Callable[[np.ndarray], np.ndarray], count: int, width: int) -> Rows:
    """The `count` rows that `compute` gives for their positions: held, unless they have many columns."""
    rows = ComputedRows(compute, np.arange(count), width)
    return rows if width > MANY_CLASSES else np.asarray(rows)


def row_blocks(values: Rows) -> Iterator[tuple[slice, np.ndarray]]:
    """All rows, once, in order, CELLS in memory, and which they are; an empty block where there are none."""
    count, width = values.shape
    rows = max(1, CELLS // max(1, width))
    for begin in range(0, max(1, count), rows):
        at = slice(begin, begin + rows)
        yield at, np.asarray(values[at])


def finite_rows(values: Rows) -> np.ndarray:
    """Which of them have finite values alone, bool [N]."""
    return np.concatenate([np.isfinite(block).all(axis=1) for _, block in row_blocks(values)])
