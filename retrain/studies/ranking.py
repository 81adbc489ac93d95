"""Which trials are better than others, and which differences are nothing but chance.

Two trials are compared on the same images: by those that one gets right and the other wrong (the exact test
of McNemar 1947), or by the differences of their losses (a paired t-test). A trial that this cannot tell from
the best is tied with it. The best of many is a lucky one, too: what is tied may well be better on new images.
"""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from retrain.studies.record import Record

SIGNIFICANT = 0.05


Records = Mapping[int, Record]  # finished trials by their number; of a ranking, the best first


def ranked(trials: Records, higher_is_better: bool) -> dict[int, Record]:
    """The best first; of equals, of which a few images make many, that of the lower loss."""
    sign = -1.0 if higher_is_better else 1.0
    order = sorted(trials, key=lambda at: (sign * trials[at].value, trials[at].figures["loss"], at))
    return {number: trials[number] for number in order}


def tied(ranking: Records) -> set[int]:
    """The numbers of the trials that chance alone may tell from the best, the best among them."""
    best = next(iter(ranking.values()), None)
    return {number for number, trial in ranking.items() if not differs(best.scores, trial.scores)}


def winner(ranking: Records, prefer: str) -> int:
    """The best, or the cheapest that is at most one standard error worse (Breiman et al. 1984)."""
    best = next(iter(ranking))
    if prefer == "best":
        return best
    near = [number for number, trial in ranking.items() if _near(ranking[best].scores, trial.scores)]
    return min(near, key=lambda number: ranking[number].cost)


def _near(best: np.ndarray, scores: np.ndarray) -> bool:
    """By the difference on the same images; to be tied with the best is too little to be taken for it."""
    if len(best) != len(scores):
        return False
    differences = best - scores
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
