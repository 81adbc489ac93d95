"""Which candidate of a grid is trained: chosen by cross-validation on the images to train on, by no others.

An image is judged by the head that has not seen it, at the temperature that suits all of a candidate's heads
best (Guo et al. 2017): a strong penalty makes a head less sure of itself before it makes it worse, and
sureness can be mended afterwards.

Few images cannot tell penalties apart, and chance picks a bad one among them as gladly as a good one. Of the
candidates whose loss is within one standard error of the lowest, that of the strongest penalty is taken
(Breiman et al. 1984); the error is that of the differences between the two, image by image.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.head_search.folds import judged_in_folds
from retrain.head_search.trained_head import OutOfSample, logits_side_by_side
from retrain.heads.computed_rows import MANY_CLASSES, Rows, finite_rows
from retrain.heads.head import Head, Labels
from retrain.settings.head import HeadSettings

Grid = Sequence[HeadSettings]


class Choice(NamedTuple):
    """A candidate, its position in its grid, and in words why it was taken; nothing where there is one."""

    candidate: HeadSettings
    position: int = 0
    reason: str = ""


def chosen(
    head: Head, grid: Grid, results: Iterable[OutOfSample], examples: TaskExamples, fold_of: np.ndarray
) -> Choice | None:
    """The candidate of a grid, the strongest penalty first, by its results; None where all diverged.

    `fold_of` is int [N], the fold of each example.
    """
    at = judged_in_folds(head, examples.labels, fold_of)
    at |= not at.any()
    results = iter(results)

    def judged(several: Sequence[OutOfSample]) -> list[tuple[np.ndarray, bool]]:
        losses = [_losses(head, of[at], examples.labels[at]) for of in logits_side_by_side(several)]
        return [(of, result.trained.stopped is not None) for of, result in zip(losses, several, strict=True)]

    # Not in a loop, whose variable would hold one result while the next is trained.
    several = iter(lambda: [*itertools.islice(results, max(1, MANY_CLASSES // head.num_classes))], [])
    pairs = itertools.chain.from_iterable(map(judged, several))
    losses, given_up = map(np.stack, zip(*pairs, strict=True))
    losses[given_up & ~given_up.all()] = np.inf
    weights = (examples.weights * head.example_weights(examples.labels, grid[0].class_weights))[at]
    place = _strongest_of_the_best(losses, weights)
    if place is None:
        return None
    return Choice(grid[place], place, _reason(np.average(losses, axis=1, weights=weights), place))


def _reason(means: np.ndarray, place: int) -> str:
    tried, loss, lowest = f"of {len(means)} tried, the", f"{means[place]:.3g}", f"{means.min():.3g}"
    if means[place] == means.min():
        return f"{tried} penalty of the lowest loss in cross-validation, {lowest}"
    return (
        f"{tried} strongest penalty that is no worse than the best by more than chance: its loss in "
        f"cross-validation is {loss}, the lowest {lowest}"
    )


def _strongest_of_the_best(losses: np.ndarray, weights: np.ndarray) -> int | None:
    """The first of the candidates, losses [candidates, N], that is no worse than the best by chance alone."""
    shares = weights / weights.sum()
    means = losses @ shares
    possible = np.flatnonzero(np.isfinite(means))
    for place in possible:
        differences = losses[place] - losses[possible[means[possible].argmin()]]
        error = np.sqrt(np.square(shares) @ np.square(differences - shares @ differences))
        if shares @ differences <= error:
            return int(place)
    return None


def _losses(head: Head, logits: Rows, labels: Labels) -> np.ndarray:
    """Of each example at the temperature that suits all; infinite where the candidate diverged."""
    if not finite_rows(logits).all():
        return np.full(len(logits), np.inf)
    return head.calibrated(labels, logits).losses(labels, logits).astype(np.float64)
