"""What the training of many candidates may take: how many are trained together, and which go on.

A group is worth its while as long as its products are small: beyond some hundred columns (heads x classes) a
step is bound by arithmetic and the memory it moves, and more columns only make it leave the caches.

Successive halving (Jamieson & Talwalkar 2016) gives up candidates that lag behind on the way. They are
compared with each other at the same shares of their steps. Those that go on are trained as if nothing had
been given up: a survivor is the same head with halving and without.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from retrain.features.stored import ROWS_AT_A_TIME
from retrain.heads.head import Head
from retrain.settings.head import HeadSettings

Item = TypeVar("Item")

COLUMNS = 1024
CELLS = COLUMNS * ROWS_AT_A_TIME  # logits of examples that are computed at once
KERNELS, LOGITS = 8, 8  # float32 arrays of that size alive at once in a step, at most
WEIGHTS = 4  # float32 arrays of the weights of all examples alive at once, at most
KEPT = 3  # kernels of a candidate between its steps: with its momentum, and as they are returned
# Operations of a training, a second or so, from which on it repays the second that XLA takes to compile it.
COMPILED_FROM = 3e10


class Halving(NamedTuple):
    """After each of these shares of the steps, this share of the candidates goes on."""

    after: tuple[float, ...] = (0.25, 0.5)
    share: float = 0.5

    def survivors(self, losses: Mapping[int, float]) -> list[int]:
        """The candidates of the lowest losses, one at least; those that diverged are given up first."""
        finite = {number: loss if math.isfinite(loss) else math.inf for number, loss in losses.items()}
        ranked = sorted(losses, key=finite.get)
        chosen = set(ranked[: max(1, math.ceil(self.share * len(ranked)))])
        return [number for number in losses if number in chosen]


class Budget(NamedTuple):
    """About how many bytes are taken, beside the features, and how candidates are given up, if they are."""

    memory: int = 4 * 2**30
    halving: Halving | None = None


PLAIN = Budget()


class Size(NamedTuple):
    """Of the problem: what the memory of one candidate follows from."""

    num_features: int
    num_classes: int
    folds: int
    batch_size: int


def groups(heads: Sequence[Head], candidates: Sequence[HeadSettings], limit: int) -> list[list[int]]:
    """Positions in `candidates` of those trained together, at most `limit` in a group; equal parts, in order.

    They see the same batches, with the same features dropped. `heads` are those whose loss each of them is
    trained with.
    """
    alike: dict[tuple, list[int]] = {}
    for position, (head, of) in enumerate(zip(heads, candidates, strict=True)):
        shared = (of.max_steps, of.batch_size, of.seed, of.dropout_rate, head)
        alike.setdefault(shared, []).append(position)
    return [part for positions in alike.values() for part in equal_parts(positions, limit)]


def equal_parts(values: Sequence[Item], limit: int) -> Iterator[Sequence[Item]]:
    """All of them, in order, at most `limit` in a part."""
    count = -(-len(values) // limit)
    for part in range(count):
        yield values[part * len(values) // count : (part + 1) * len(values) // count]


def rows_at_a_time(columns: int) -> int:
    """Examples whose logits of so many columns are computed at once."""
    return max(1, min(ROWS_AT_A_TIME, CELLS // columns))


def group_limit(size: Size, memory: int) -> int:
    """How many candidates a group has at most: one at least, whatever its memory."""
    columns = size.folds * size.num_classes
    return max(1, min(COLUMNS // columns, memory // _bytes_of_one(size)))


def tasks_at_once(size: Size, candidates: int, examples: int, memory: int) -> int:
    """Of how many tasks, each of so many candidates and of the same examples, heads are trained at once.

    One at least: so many as make a group, and as the weights of the examples leave room for.
    """
    weights = WEIGHTS * 4 * examples * size.folds
    return max(1, min(group_limit(size, memory) // candidates, memory // weights))


def folds_fit(size: Size, memory: int) -> bool:
    """Whether the heads of a candidate, one for each fold, are trained side by side, or one by one.

    One by one there is no halving.
    """
    return size.folds == 1 or _bytes_of_one(size) <= memory // 2


def _bytes_of_one(size: Size) -> int:
    rows = size.batch_size + rows_at_a_time(size.num_classes)
    return 4 * size.folds * size.num_classes * (KERNELS * size.num_features + LOGITS * rows)


def cohort_limit(size: Size, memory: int) -> int:
    """How many candidates may be under way at once, so that they can be compared."""
    return max(1, memory // (4 * KEPT * size.folds * size.num_classes * size.num_features))


def operations(examples: float, num_features: int, columns: int) -> float:
    """Of a training that sees so many examples: two products, of two operations for each of the weights."""
    return 4.0 * examples * num_features * columns


def compiling_pays(operations: float) -> bool:
    """Whether XLA saves more time than it takes to compile; heads are equal up to rounding."""
    return operations >= COMPILED_FROM
