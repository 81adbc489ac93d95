"""Whether one classifier is right more often than another, judged on the same images."""

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from retrain.heads.metrics import wilson_interval


class PairedDifference(NamedTuple):
    """The share that the second is right of, less that of the first; its 95 % interval, and a p value.

    The interval is that of Newcombe (1998, Statistics in Medicine 17, 2635, method 10), the p value that of
    McNemar's exact test: of so unequal counts, or more so, were both equally good.
    """

    difference: float
    interval: tuple[float, float]
    p: float


def paired_difference(first: np.ndarray, second: np.ndarray) -> PairedDifference:
    """Of whether each was right, bool [N] both, N > 0."""
    count = len(first)
    both, neither = int(np.sum(first & second)), int(np.sum(~first & ~second))
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(~first & second))
    share, other = (both + only_second) / count, (both + only_first) / count
    low, high = wilson_interval(both + only_second, count)
    other_low, other_high = wilson_interval(both + only_first, count)
    phi = _correlation(both, only_second, only_first, neither)
    down, up, other_down, other_up = share - low, high - share, other - other_low, other_high - other
    below = math.sqrt(max(0.0, down**2 - 2 * phi * down * other_up + other_up**2))
    above = math.sqrt(max(0.0, up**2 - 2 * phi * up * other_down + other_down**2))
    difference, differ = share - other, only_first + only_second
    p = binomtest(only_second, differ).pvalue if differ else 1.0
    return PairedDifference(difference, (difference - below, difference + above), float(p))


def _correlation(both: int, only_second: int, only_first: int, neither: int) -> float:
    """Phi of the table of four counts, with the continuity correction of the method where it is positive."""
    product = (both + only_second) * (only_first + neither) * (both + only_first) * (only_second + neither)
    if not product:
        return 0.0
    excess = both * neither - only_second * only_first
    if excess > 0:
        excess = max(0.0, excess - (both + only_second + only_first + neither) / 2)
    return excess / math.sqrt(product)
