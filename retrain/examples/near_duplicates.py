"""Images that were made from the same photo: saved again smaller, at another quality, slightly cropped.

Perceptual hashing (Zauner 2010), with the thumbnail of a sketch for a hash, compared in two steps. First,
8 x 8 mean colours of all pairs, by matrix products: alike in pattern and in brightness. Then, for the few
that are left, one thumbnail is laid over the other, stretched and shifted as far as a crop would (Lucas &
Kanade 1981), in both directions: the colours must agree, and so must the details, which tell apart two white
shirts on the same table. A picture with nothing on it is like no other.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

COARSE = 8  # pixels a side
ALIKE = 0.92  # correlation of the 8 x 8 colours
NEAR = 24.0  # their root mean square difference, of 255
CONTRAST = 4.0  # standard deviation of each of the 8 x 8 colours below which a picture is empty

DETAILS = 0.65  # correlation of what stands out from its surroundings, once aligned
CLOSE = 17.0  # root mean square difference of the colours, once aligned
FARTHEST = 0.25  # of half a side: how far alignment may shift and stretch
STEP = 0.12  # and by how much at a time
SCALES = (16, 16, 32, 32)  # pixels a side of each step of the alignment
EDGE = 3  # pixels at each side that need not agree: a crop took them

ROWS, PAIRS = 1024, 256  # compared at a time
MOST = 32  # others that an image is compared with in detail: those most alike
_NO_PAIRS = np.zeros([0, 2], np.int64)
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def near_duplicates(thumbnails: np.ndarray) -> list[list[int]]:
    """The sets of rows, two or more each, of uint8 [N, S, S, 3] that are one photo; sorted."""
    first, again = _equal(thumbnails)
    rows = first[_contrast(_coarse(thumbnails[first])) >= CONTRAST]
    pairs = np.concatenate([_NO_PAIRS, *_candidates(_coarse(thumbnails[rows]))])
    found = rows[_connecting(pairs, thumbnails[rows])]
    set_of = _sets(np.concatenate([found, again[np.isin(again[:, 0], rows)]]), len(thumbnails))
    order = np.argsort(set_of, kind="stable")
    together = np.split(order, np.flatnonzero(np.diff(set_of[order])) + 1)
    return sorted(members.tolist() for members in together if len(members) > 1)


def _connecting(candidates: np.ndarray, thumbnails: np.ndarray) -> np.ndarray:
    """The candidates [P, 2] that are one photo, but for those that others have connected already."""
    # In no order, so that sets of many are soon connected.
    found, left = _NO_PAIRS, np.random.default_rng(0).permutation(candidates)
    while len(left):
        pairs, left = left[:PAIRS], left[PAIRS:]
        ones, others = pairs.T
        same = pairs[_same_photo(thumbnails[ones], thumbnails[others])]
        if len(same):
            found = np.concatenate([found, same])
            set_of = _sets(found, len(thumbnails))
            left = left[set_of[left[:, 0]] != set_of[left[:, 1]]]
    return found


def _sets(pairs: np.ndarray, count: int) -> np.ndarray:
    """A number for each of `count` rows, the same for those that pairs connect."""
    ones, others = pairs.T
    graph = coo_array((np.ones(len(pairs), bool), (ones, others)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _equal(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each kind, and [P, 2] of it and each other: thousands may be alike."""
    first: dict[bytes, int] = {}
    of_row = [first.setdefault(thumbnail.tobytes(), row) for row, thumbnail in enumerate(thumbnails)]
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


def _candidates(colours: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs [P, 2] of rows of colours [N, D] that are alike, each pair once."""
    centred = colours - colours.mean(axis=1, keepdims=True)
    pattern = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    for start in range(0, len(colours), ROWS):
        alike = pattern[start : start + ROWS] @ pattern[start:].T
        count = len(alike)
        alike[:, :count] = np.where(np.tri(count, dtype=bool), -1.0, alike[:, :count])
        pairs = _most_alike(alike) + start
        difference = np.square(colours[pairs[:, 0]] - colours[pairs[:, 1]]).mean(axis=1)
        yield pairs[difference <= NEAR**2]


def _most_alike(alike: np.ndarray) -> np.ndarray:
    """Positions [P, 2] of what is ALIKE or more, at most MOST in a row."""
    passed = alike >= ALIKE
    for row in np.flatnonzero(np.count_nonzero(passed, axis=1) > MOST):
        passed[row] = False
        passed[row, np.argpartition(alike[row], -MOST)[-MOST:]] = True
    return np.argwhere(passed)


def _same_photo(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether one of each two thumbnails [P, S, S, 3] can be laid over the other, bool [P]."""
    ones, others = ones.astype(np.float32), others.astype(np.float32)
    return _fits(ones, others) | _fits(others, ones)


def _fits(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    placed = _placed(ones, _alignment(ones @ LUMINANCE, others @ LUMINANCE))
    inner = slice(EDGE, -EDGE)
    placed, others = placed[:, inner, inner], others[:, inner, inner]
    difference = np.sqrt(np.square(placed - others).mean(axis=(1, 2, 3)))
    details = _correlation(_details(placed @ LUMINANCE), _details(others @ LUMINANCE))
    return (difference <= CLOSE) & (details >= DETAILS)


def _alignment(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How grey [P, S, S] must be shifted and stretched to be like others: [P, 4], of half a side.

    Each step solves for the shift and stretch, beside a gain and an offset of brightness, to first order.
    """
    alignment = np.zeros([len(ones), 4], np.float32)
    for side in SCALES:
        one, other = (_shrunk(grey, side) for grey in (ones, others))
        placed, half = _placed(one[..., None], alignment)[..., 0], side / 2
        down, across = (half * gradient for gradient in np.gradient(placed, axis=(1, 2)))
        at = _positions(side)
        terms = [placed, np.ones_like(placed), down, at[:, None] * down, across, at * across]
        basis = np.stack(terms, axis=-1)[:, 1:-1, 1:-1].reshape(len(ones), -1, len(terms))
        wanted = other[:, 1:-1, 1:-1].reshape(len(ones), -1, 1)
        normal, diagonal = basis.transpose(0, 2, 1) @ basis, np.arange(len(terms))
        normal[:, diagonal, diagonal] = 1.001 * normal[:, diagonal, diagonal] + 1e-3
        solved = np.linalg.solve(normal, basis.transpose(0, 2, 1) @ wanted)[..., 0]
        gain = np.maximum(solved[:, :1], 0.3)
        alignment = np.clip(alignment + np.clip(solved[:, 2:] / gain, -STEP, STEP), -FARTHEST, FARTHEST)
    return alignment


def _placed(images: np.ndarray, alignment: np.ndarray) -> np.ndarray:
    """Images [P, S, S, C] as aligned."""
    at, half = _positions(images.shape[1]), images.shape[1] / 2
    middle = half - 0.5
    rows = middle + half * (at + alignment[:, :1] + alignment[:, 1:2] * at)
    columns = middle + half * (at + alignment[:, 2:3] + alignment[:, 3:] * at)
    down = _weights(rows) @ images.reshape(*images.shape[:2], -1)
    return np.einsum("pxu,pyuc->pyxc", _weights(columns), down.reshape(images.shape), optimize=True)


def _weights(positions: np.ndarray) -> np.ndarray:
    """Linear interpolation [P, S, S] of S pixels at positions [P, S]."""
    side = positions.shape[1]
    inside = np.clip(positions, 0, side - 1)
    return np.maximum(0.0, 1.0 - np.abs(inside[:, :, None] - np.arange(side))).astype(np.float32)


def _positions(side: int) -> np.ndarray:
    """Where the pixels lie, from -1 to 1."""
    return ((np.arange(side) + 0.5) / (side / 2) - 1.0).astype(np.float32)


def _shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    count, cell = len(grey), grey.shape[1] // side
    return grey.reshape(count, side, cell, side, cell).mean(axis=(2, 4))


def _details(grey: np.ndarray) -> np.ndarray:
    """What stands out from the mean of 3 x 3 pixels around."""
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return grey - windows.mean(axis=(3, 4))


def _correlation(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    ones, others = (values - values.mean(axis=(1, 2), keepdims=True) for values in (ones, others))
    lengths = np.linalg.norm(ones, axis=(1, 2)) * np.linalg.norm(others, axis=(1, 2))
    return (ones * others).sum(axis=(1, 2)) / np.maximum(lengths, 1e-6)
