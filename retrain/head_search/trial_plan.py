"""Which trials are trained together: what they must share, and how many of them fit into memory.

A group is worth its while as long as its products are small: beyond some hundred columns (heads x classes) a
step is bound by arithmetic and the memory it moves, and more columns only make it leave the caches.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from retrain.features.stored import ROWS_AT_A_TIME
from retrain.head_search.trial import Trial
from retrain.heads.head import Head

MEMORY = 4 * 2**30  # bytes, where nothing is said
COLUMNS = 1024
KERNELS, LOGITS = 8, 8  # float32 arrays of that size alive at once in a step, at most
KEPT = 3  # kernels of a trial between its steps: with its momentum, and as they are returned
# Operations of a training, a second or so, from which on it repays the second that XLA takes to compile it.
COMPILED_FROM = 3e10


class Size(NamedTuple):
    """Of the problem: what the memory of one trial follows from."""

    num_features: int
    num_classes: int
    folds: int
    batch_size: int


def groups(heads: Mapping[str, Head], trials: Sequence[Trial], limit: int) -> list[list[int]]:
    """Positions in `trials` of those trained together, at most `limit` in a group; equal parts, in order.

    `heads` are those whose loss is trained with, by class weights.
    """
    alike: dict[tuple, list[int]] = {}
    for position, trial in enumerate(trials):
        order = (trial.steps, trial.batch_size, trial.seed, trial.dropout_rate)
        alike.setdefault((*order, heads[trial.class_weights]), []).append(position)
    return [part for positions in alike.values() for part in _parts(positions, limit)]


def _parts(positions: list[int], limit: int) -> Iterator[list[int]]:
    count = -(-len(positions) // limit)
    for part in range(count):
        yield positions[part * len(positions) // count : (part + 1) * len(positions) // count]


def group_limit(size: Size, memory: int) -> int:
    """How many trials a group has at most: one at least, whatever its memory."""
    rows = size.batch_size + ROWS_AT_A_TIME
    columns = size.folds * size.num_classes
    bytes_of_one = 4 * columns * (KERNELS * size.num_features + LOGITS * rows)
    return max(1, min(COLUMNS // columns, memory // bytes_of_one))


def cohort_limit(size: Size, memory: int) -> int:
    """How many trials may be under way at once, so that they can be compared."""
    return max(1, memory // (4 * KEPT * size.folds * size.num_classes * size.num_features))


def operations(examples: float, num_features: int, columns: int) -> float:
    """Of a training that sees so many examples: two products, of two operations for each of the weights."""
    return 4.0 * examples * num_features * columns


def compiling_pays(operations: float) -> bool:
    """Whether XLA saves more time than it takes to compile; heads are equal up to rounding."""
    return operations >= COMPILED_FROM
