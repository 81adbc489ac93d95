"""Rows that workers have computed, each its own: what one lacks it is given by the others.

Workers that share a cache directory lack nothing once they have looked there; others, or those whose network
drive shows new files late, get it by the collectives of tf.distribute.
"""

from collections.abc import Iterator

import numpy as np

from retrain.workers.workers import Workers

ROWS_AT_A_TIME = 4096


def slices(count: int) -> Iterator[slice]:
    """Of so many rows, ROWS_AT_A_TIME in each."""
    return (slice(begin, begin + ROWS_AT_A_TIME) for begin in range(0, count, ROWS_AT_A_TIME))


def fill_gaps(workers: Workers, rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fills those of `rows` [N, F] that are not known [N] here, but to others; bool [N], which these are.

    Of several that know a row, the mean is taken, in double precision: it is the row, to the last bit.
    """
    knowers = workers.total(known.astype(np.int64))
    filled = ~known & (knowers > 0)
    lacking = np.flatnonzero(workers.total(filled.astype(np.int64)))
    if len(lacking):
        given = np.where(known[lacking, None], rows[lacking], 0).astype(np.float64)
        rows[lacking] = workers.total(given) / knowers[lacking, None]
    return filled
