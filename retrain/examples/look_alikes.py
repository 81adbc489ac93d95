"""Which pictures are alike at a glance: 8 x 8 mean colours that agree in pattern and in brightness.

Both are distances. The larger of them bounds a third, their mean square, that is Euclidean, and that can only
shrink when it is projected: pictures that are too far apart along the few directions in which pictures differ
most need no closer look. They lie in the leaves of a k-d tree (Bentley 1975), and a leaf is compared, by
matrix products, with those leaves alone that reach near enough. What is found is the same as of all pairs.

In a crowd (X-rays, products on one table) thousands are alike. There a picture is compared with those leaves
that are nearest, and what is most like it among them is taken.
"""

import functools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

ALIKE = 0.92  # correlation of the 8 x 8 colours
NEAR = 24.0  # their root mean square difference, of 255
MOST = 32  # others that a picture is like: those most alike

LEAF = 1024  # pictures
LEAVES = 8  # that a leaf is compared with at a time
DIRECTIONS = 32
CROWD = 128  # of so many in LEAVES, those nearest are taken, and there are enough
SAMPLE = 4096  # pictures that tell how pictures differ
SLACK = 1e-3  # of squares in single precision
PAIRS = 2**14  # looked at in full at a time
_NO_PAIRS = np.zeros([0, 2], np.int64)


class _Seen(NamedTuple):
    """Pictures, and the leaves they lie in.

    Attributes:
      colours: float32 [N, D].
      rows: int64 [N], leaf by leaf.
      places: float32 [N, E], of these rows: two are no nearer to each other than these.
      leaves: where each begins among them, and the end of the last.
    """

    colours: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    leaves: np.ndarray


def look_alikes(colours: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Of colours [N, D] that are not all the same in a row, leaf by leaf: its length, and what was found.

    That is int64 [P, 2], rows of two that are alike; each pair comes once.
    """
    if not len(colours):
        return
    places = _places(colours)
    parts = _leaves(np.arange(len(colours)), places)
    rows = np.concatenate(parts)
    seen = _Seen(colours, rows, places[rows], np.cumsum([0, *map(len, parts)]))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(functools.partial(_of_leaf, seen), range(len(parts)), _gaps(seen))
        for part, pairs in zip(parts, found, strict=True):
            yield len(part), np.sort(rows[pairs], axis=1)


def _patterns(colours: np.ndarray) -> np.ndarray:
    """Colours [N, D] centred and of length 1."""
    centred = colours - colours.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def _places(colours: np.ndarray) -> np.ndarray:
    """Coordinates [N, E] in which two that are alike are at most 1 apart."""
    if len(colours) <= LEAF:
        return _scaled(colours)
    sample = _scaled(colours[:: -(-len(colours) // SAMPLE)])
    middle = sample.mean(axis=0)
    directions = np.linalg.eigh((sample - middle).T @ (sample - middle))[1][:, : -DIRECTIONS - 1 : -1]
    blocks = np.split(colours, range(SAMPLE, len(colours), SAMPLE))
    return np.concatenate([_projected(_scaled(block) - middle, directions) for block in blocks])


def _scaled(colours: np.ndarray) -> np.ndarray:
    """[N, 2 D]: patterns and colours, each in half of the squares that may lie between two."""
    units = np.sqrt(4 * (1 - ALIKE)), NEAR * np.sqrt(2 * colours.shape[1])
    return np.concatenate([_patterns(colours) / np.float32(units[0]), colours / np.float32(units[1])], axis=1)


def _projected(scaled: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where they lie along the directions, and how far beside them all."""
    along = scaled @ directions
    beside = np.square(scaled).sum(axis=1) - np.square(along).sum(axis=1)
    return np.column_stack([along, np.sqrt(np.maximum(beside, 0))])


def _leaves(rows: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """The rows in parts of LEAF at most, of places near each other."""
    if len(rows) <= LEAF:
        return [rows]
    inside = places[rows]
    along = inside[:, np.argmax(inside.max(axis=0) - inside.min(axis=0))]
    order, half = np.argpartition(along, len(rows) // 2), len(rows) // 2
    return _leaves(rows[order[:half]], places) + _leaves(rows[order[half:]], places)


def _gaps(seen: _Seen) -> np.ndarray:
    """The squares of how far each two leaves are apart, [L, L]."""
    low, high = (bound.reduceat(seen.places, seen.leaves[:-1]) for bound in (np.minimum, np.maximum))
    apart = (
        np.maximum(0, np.maximum(low - top, bottom - high)) for bottom, top in zip(low, high, strict=True)
    )
    return np.array([np.square(gap).sum(axis=1) for gap in apart])


def _of_leaf(seen: _Seen, leaf: int, gaps: np.ndarray) -> np.ndarray:
    """The pairs [P, 2] of a leaf's positions and those after them, the nearest leaves first."""
    later = leaf + np.argsort(gaps[leaf:], kind="stable")  # itself is the first
    later = later[gaps[later] <= 1 + SLACK]
    rows, pairs, likeness = np.arange(*seen.leaves[leaf : leaf + 2]), _NO_PAIRS, np.zeros(0, np.float32)
    for begin in range(0, len(later), LEAVES):
        at = [np.arange(*seen.leaves[of : of + 2]) for of in later[begin : begin + LEAVES]]
        others = np.concatenate(at)
        near, crowded = _near(seen.places[rows], seen.places[others], is_with_itself=begin == 0)
        found, alike = _alike(seen, np.column_stack([rows[near[:, 0]], others[near[:, 1]]]))
        pairs, likeness = np.concatenate([pairs, found]), np.concatenate([likeness, alike])
        rows = rows[~crowded]
    return pairs[_most_alike(pairs[:, 0], likeness)]


def _near(places: np.ndarray, others: np.ndarray, is_with_itself: bool) -> tuple[np.ndarray, np.ndarray]:
    """Positions [P, 2] of what may be alike, the CROWD nearest of each place, and which have more.

    With itself, the first of the others are the places, and each two of them are looked at once.
    """
    lengths, lengths_of_others = (0.5 * np.square(of).sum(axis=1) for of in (places, others))
    ones = np.ones(len(others), np.float32)
    # Half of what is left of the square of the distance that two may be apart, as one product.
    left = np.column_stack([places, 0.5 * (1 + SLACK) - lengths, -np.ones_like(lengths)])
    nearness = left @ np.column_stack([others, ones, lengths_of_others]).T
    if is_with_itself:
        nearness[:, : len(places)][np.tri(len(places), dtype=bool)] = -np.inf
    passed = nearness >= 0
    crowded = np.count_nonzero(passed, axis=1) > CROWD
    for row in np.flatnonzero(crowded):
        columns = np.flatnonzero(passed[row])
        passed[row] = False
        passed[row, columns[np.argpartition(nearness[row, columns], -CROWD)[-CROWD:]]] = True
    return np.column_stack(np.divmod(np.flatnonzero(passed), len(others))), crowded


def _alike(seen: _Seen, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the pairs [P, 2] that are alike, and how much."""
    found, likeness = [_NO_PAIRS], [np.zeros(0, np.float32)]
    for begin in range(0, len(pairs), PAIRS):
        part = pairs[begin : begin + PAIRS]
        ones, others = (seen.colours[seen.rows[of]] for of in part.T)
        alike = np.einsum("pd,pd->p", _patterns(ones), _patterns(others))
        difference = np.square(ones - others).mean(axis=1)
        chosen = (alike >= ALIKE) & (difference <= NEAR**2)
        found.append(part[chosen])
        likeness.append(alike[chosen])
    return np.concatenate(found), np.concatenate(likeness)


def _most_alike(rows: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Positions of the MOST alike of each row."""
    order = np.lexsort([-likeness, rows])
    ordered = rows[order]
    rank = np.arange(len(rows)) - np.searchsorted(ordered, ordered)
    return order[rank < MOST]
