"""Whether two thumbnails are of one photo: one can be laid over the other.

It is stretched and shifted as far as a crop would (Lucas & Kanade 1981), in both directions: the colours must
agree, and so must the details, which tell apart two white shirts on the same table. Most that are no copies
show it when they are aligned at half the size, and are looked at no further.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from scipy.ndimage import uniform_filter

DETAILS = 0.65  # correlation of what stands out from its surroundings, once aligned
HINT = 0.2  # the same at half the size, half aligned, below which nothing more is tried
CLOSE = 17.0  # root mean square difference of the colours, once aligned
FARTHEST = 0.25  # of half a side: how far alignment may shift and stretch
STEP = 0.12  # and by how much at a time
HALF_SIZE, FULL_SIZE = (16, 16), (32, 32)  # pixels a side of each step of the alignment
EDGE = 3  # pixels at each side that need not agree: a crop took them
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


class _Pictures(NamedTuple):
    """Colours float32 [P, 3, S, S], and their grey [P, S, S]."""

    colours: np.ndarray
    greys: np.ndarray

    def at(self, rows: np.ndarray) -> Self:
        return type(self)(self.colours[rows], self.greys[rows])


def is_same_photo(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether one of each two thumbnails, uint8 [P, S, S, 3], can be laid over the other, bool [P]; P > 0."""
    ones, others = _pictures(ones), _pictures(others)
    same = _fits(ones, others)
    left = np.flatnonzero(~same)
    if len(left):
        same[left] = _fits(others.at(left), ones.at(left))
    return same


def _pictures(thumbnails: np.ndarray) -> _Pictures:
    colours = np.moveaxis(thumbnails, -1, 1).astype(np.float32, order="C")
    return _Pictures(colours, _grey(colours))


def _fits(ones: _Pictures, others: _Pictures) -> np.ndarray:
    """Whether the first of each two pictures, stretched and shifted, is like the second."""
    fits = np.zeros(len(ones.greys), bool)
    alignment = _aligned(ones.greys, others.greys, np.zeros([len(fits), 4], np.float32), HALF_SIZE)
    left = np.flatnonzero(_agreement(_placed(ones.greys, alignment), others.greys) >= HINT)
    if not len(left):
        return fits
    ones, others = ones.at(left), others.at(left)
    alignment = _aligned(ones.greys, others.greys, alignment[left], FULL_SIZE)
    inner = (..., slice(EDGE, -EDGE), slice(EDGE, -EDGE))
    placed, wanted = _placed(ones.colours, alignment[:, None])[inner], others.colours[inner]
    difference = np.sqrt(np.square(placed - wanted).mean(axis=(1, 2, 3)))
    fits[left] = (difference <= CLOSE) & (_agreement(_grey(placed), _grey(wanted)) >= DETAILS)
    return fits


def _grey(pictures: np.ndarray) -> np.ndarray:
    """[P, S, S] of [P, 3, S, S]."""
    red, green, blue = (weight * pictures[:, channel] for channel, weight in enumerate(LUMINANCE))
    return red + green + blue


def _aligned(ones: np.ndarray, others: np.ndarray, alignment: np.ndarray, sides: Sequence[int]) -> np.ndarray:
    """How grey [P, S, S] must be shifted and stretched to be like others: [P, 4], of half a side.

    Each step, at one size, solves for the shift and stretch, beside a gain and an offset of brightness, to
    first order.
    """
    for side in sides:
        one, other = (_shrunk(grey, side) for grey in (ones, others))
        placed, at = _placed(one, alignment), _positions(side)[1:-1]
        inside = placed[:, 1:-1, 1:-1]
        down = side / 4 * (placed[:, 2:, 1:-1] - placed[:, :-2, 1:-1])
        across = side / 4 * (placed[:, 1:-1, 2:] - placed[:, 1:-1, :-2])
        terms = [inside, np.ones_like(inside), down, at[:, None] * down, across, at * across]
        basis = np.stack(terms, axis=1).reshape(len(ones), len(terms), -1)
        wanted = other[:, 1:-1, 1:-1].reshape(len(ones), -1, 1)
        normal, diagonal = basis @ basis.transpose(0, 2, 1), np.arange(len(terms))
        normal[:, diagonal, diagonal] = 1.001 * normal[:, diagonal, diagonal] + 1e-3
        solved = np.linalg.solve(normal, basis @ wanted)[..., 0]
        gain = np.maximum(solved[:, :1], 0.3)
        alignment = np.clip(alignment + np.clip(solved[:, 2:] / gain, -STEP, STEP), -FARTHEST, FARTHEST)
    return alignment


def _placed(images: np.ndarray, alignment: np.ndarray) -> np.ndarray:
    """Images [..., S, S] as aligned, by [..., 4]."""
    at, half = _positions(images.shape[-1]), images.shape[-1] / 2
    middle = half - 0.5
    rows = middle + half * (at + alignment[..., :1] + alignment[..., 1:2] * at)
    columns = middle + half * (at + alignment[..., 2:3] + alignment[..., 3:] * at)
    return _weights(rows) @ images @ _weights(columns).swapaxes(-2, -1)


def _weights(positions: np.ndarray) -> np.ndarray:
    """Linear interpolation [..., S, S] of S pixels at positions [..., S]."""
    side = positions.shape[-1]
    inside = np.clip(positions, 0, side - 1).astype(np.float32)
    return np.maximum(0, 1 - np.abs(inside[..., None] - np.arange(side, dtype=np.float32)))


def _positions(side: int) -> np.ndarray:
    """Where the pixels lie, from -1 to 1."""
    return ((np.arange(side) + 0.5) / (side / 2) - 1.0).astype(np.float32)


def _shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    cell = grey.shape[1] // side
    if cell == 1:
        return grey
    return sum(grey[:, row::cell, column::cell] for row, column in np.ndindex(cell, cell)) / cell**2


def _agreement(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The correlation of what stands out, of pictures [P, S, S] each."""
    ones, others = (_details(of).reshape(len(of), -1) for of in (ones, others))
    ones, others = (values - values.mean(axis=1, keepdims=True) for values in (ones, others))
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return np.einsum("pv,pv->p", ones, others) / np.maximum(lengths, 1e-6)


def _details(grey: np.ndarray) -> np.ndarray:
    """What stands out from the mean of 3 x 3 pixels around."""
    return grey - uniform_filter(grey, (0, 3, 3), mode="nearest")
