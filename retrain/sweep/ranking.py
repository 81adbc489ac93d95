"""Which trials are better than others, and which differences are nothing but chance.

Two trials are compared on the same images: by those that one gets right and the other wrong (the exact test
of McNemar 1947), or by the differences of their losses (a paired t-test). A trial that this cannot tell from
the best is tied with it. The best of many is a lucky one, too: what is tied may well be better on new images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

SIGNIFICANT = 0.05


class Judged(NamedTuple):
    """A finished trial: its objective and loss, the score of each image, and what an image costs."""

    number: int
    value: float
    loss: float
    scores: np.ndarray
    cost: float


def ranked(trials: Sequence[Judged], higher_is_better: bool) -> list[Judged]:
    """The best first; of equals, of which a few images make many, that of the lower loss."""
    sign = -1.0 if higher_is_better else 1.0
    return sorted(trials, key=lambda trial: (sign * trial.value, trial.loss, trial.number))


def tied(ranking: Sequence[Judged]) -> set[int]:
    """The numbers of the trials that chance alone may tell from the best, the best among them."""
    return {trial.number for trial in ranking if not differs(ranking[0].scores, trial.scores)}


def winner(ranking: Sequence[Judged], prefer: str) -> Judged:
    """The best, or the cheapest that is at most one standard error worse (Breiman et al. 1984)."""
    if prefer == "best":
        return ranking[0]
    return min((trial for trial in ranking if _near(ranking[0], trial)), key=lambda trial: trial.cost)


def _near(best: Judged, trial: Judged) -> bool:
    """By the difference on the same images; to be tied with the best is too little to be taken for it."""
    if len(best.scores) != len(trial.scores):
        return False
    differences = best.scores - trial.scores
    return bool(differences.sum() <= np.sqrt(np.square(differences).sum()))


def differs(scores: np.ndarray, others: np.ndarray) -> bool:
    """Whether more than chance stands between two trials' scores of the same images."""
    if len(scores) != len(others):  # other images: tasks or heads were varied
        return bool(stats.mannwhitneyu(scores, others).pvalue < SIGNIFICANT)
    changed = scores != others
    if not changed.any():
        return False
    if set(np.unique(scores[changed])) <= {0.0, 1.0}:
        better = int(np.count_nonzero(scores > others))
        return bool(stats.binomtest(better, int(changed.sum())).pvalue < SIGNIFICANT)
    return bool(stats.ttest_rel(scores, others).pvalue < SIGNIFICANT)
