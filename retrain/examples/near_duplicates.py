"""Images that were made from the same photo: saved again smaller, at another quality, slightly cropped.

Perceptual hashing (Zauner 2010), with the thumbnail of a sketch for a hash, compared in two steps: what is
alike at a glance is found first; for the few pairs that are left, one thumbnail is laid over the other, by
`alignment`. A picture with nothing on it is like no other.
"""

import hashlib
import operator
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from threadpoolctl import threadpool_limits

from retrain.examples.alignment import is_same_photo
from retrain.examples.look_alikes import look_alikes
from retrain.progress import progress

COARSE = 8  # pixels a side
CONTRAST = 4.0  # standard deviation of each of the 8 x 8 colours below which a picture is empty
ROWS = 4096  # of thumbnails made small at a time
PAIRS = 256  # laid over each other at a time
ROUNDS = 16  # of what is left, this part is compared before it is seen what has been connected
_NO_PAIRS = np.zeros([0, 2], np.int64)


@threadpool_limits.wrap(limits=1, user_api="blas")  # threads of its own would be in the way of ours
def near_duplicates(thumbnails: np.ndarray) -> list[list[int]]:
    """The sets of rows, two or more each, of uint8 [N, S, S, 3] that are one photo; sorted."""
    first, again = _equal(thumbnails)
    colours = np.concatenate(
        [_coarse(part) for part in np.split(thumbnails, range(ROWS, len(thumbnails), ROWS))]
    )
    rows = first[_contrast(colours[first]) >= CONTRAST]
    found = _connecting(rows[_candidates(colours[rows])], thumbnails)
    set_of = _sets(np.concatenate([found, again[np.isin(again[:, 0], rows)]]), len(thumbnails))
    order = np.argsort(set_of, kind="stable")
    together = np.split(order, np.flatnonzero(np.diff(set_of[order])) + 1)
    return sorted(members.tolist() for members in together if len(members) > 1)


def _candidates(colours: np.ndarray) -> np.ndarray:
    """Pairs [P, 2] of rows that are alike at a glance."""
    leaves = progress(look_alikes(colours), len(colours), "look-alikes", "images", operator.itemgetter(0))
    return np.concatenate([_NO_PAIRS, *(pairs for _, pairs in leaves)])


def _connecting(candidates: np.ndarray, thumbnails: np.ndarray) -> np.ndarray:
    """The candidates [P, 2] that are one photo, but for those that others have connected already."""
    found = [_NO_PAIRS]
    with ThreadPoolExecutor(os.cpu_count()) as threads:

        def rounds() -> Iterator[int]:
            # In no order, so that sets of many are soon connected.
            left = np.random.default_rng(0).permutation(candidates)
            while count := len(left):
                now, left = np.split(left, [max(PAIRS, count // ROUNDS)])
                parts = np.split(now, range(PAIRS, len(now), PAIRS))
                same = threads.map(lambda part: part[is_same_photo(*thumbnails[part.T])], parts)
                for part, of_part in zip(parts, same, strict=True):
                    found.append(of_part)
                    yield len(part)
                set_of = _sets(np.concatenate(found), len(thumbnails))
                apart = set_of[left[:, 0]] != set_of[left[:, 1]]
                yield len(left) - np.count_nonzero(apart)
                left = left[apart]

        for _ in progress(rounds(), len(candidates), "near duplicates", "pairs", int):
            pass
    return np.concatenate(found)


def _sets(pairs: np.ndarray, count: int) -> np.ndarray:
    """A number for each of `count` rows, the same for those that pairs connect."""
    ones, others = pairs.T
    graph = coo_array((np.ones(len(pairs), bool), (ones, others)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _equal(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each kind, and [P, 2] of it and each other: thousands may be alike."""
    first: dict[bytes, int] = {}
    digests = (hashlib.blake2b(thumbnail.tobytes(), digest_size=16).digest() for thumbnail in thumbnails)
    of_row = [first.setdefault(digest, row) for row, digest in enumerate(digests)]
    again = [(one, row) for row, one in enumerate(of_row) if one != row]
    return np.array(list(first.values()), np.int64), np.array([*_NO_PAIRS, *again], np.int64).reshape(-1, 2)


def _coarse(thumbnails: np.ndarray) -> np.ndarray:
    """8 x 8 mean colours, float32 [N, 192]."""
    count, side = thumbnails.shape[:2]
    cells = thumbnails.reshape([count, COARSE, side // COARSE, COARSE, side // COARSE, 3])
    return cells.mean(axis=(2, 4), dtype=np.float32).reshape(count, 3 * COARSE * COARSE)


def _contrast(colours: np.ndarray) -> np.ndarray:
    """How much the most varied of the three colours varies over the picture, [N]."""
    return colours.reshape(-1, COARSE * COARSE, 3).std(axis=1).max(axis=1)
