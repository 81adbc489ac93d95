"""Cross-validation: every example is predicted by a head that never saw it.

In each fold the examples that are held out weigh nothing, and the others as much more; features are centred
by these alone. Classes are balanced by the counts of all, which tells of no single label.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.heads.head import Head, Labels

FOLDS = 5


class Folds(NamedTuple):
    """What the heads of a candidate are trained on, one for each fold, and judged by.

    Attributes:
      train: the examples of all folds.
      shares: float32 [N, folds], what an example weighs in a fold beyond its own weight: 0 where it is held
        out.
      validation: what one head is judged by that is trained on all of them; None where nothing is.
    """

    train: TaskExamples
    shares: np.ndarray
    validation: TaskExamples | None = None

    @property
    def fold_of(self) -> np.ndarray:
        """Int [N]: in which fold each example is held out."""
        return self.shares.argmin(axis=1)

    @property
    def validations(self) -> Iterator[TaskExamples]:
        """What the head of each fold is judged by, where there is something; copies, made when asked for."""
        if self.shares.all():
            return iter([] if self.validation is None else [self.validation])
        return (self.train.rows(np.flatnonzero(share == 0)) for share in self.shares.T)

    @property
    def each(self) -> Iterator[Self]:
        """Each of them by itself."""
        return (self._replace(shares=share[:, None]) for share in self.shares.T)


def one_fold(train: TaskExamples, validation: TaskExamples | None) -> Folds:
    """One head, trained on all of `train`."""
    whole = np.ones([len(train.labels), 1], np.float32)
    return Folds(train, whole, validation)


def cross_validation(examples: TaskExamples, fold_of: np.ndarray) -> Folds:
    """A head for each fold, trained on the others and judged by it; `fold_of` is int [N]."""
    folds = range(fold_of.max() + 1)
    shares = np.stack([fold_of != fold for fold in folds], axis=1).astype(np.float32)
    return Folds(examples, shares)


def assign_folds(strata: np.ndarray, groups: Sequence[object] | None, folds: int, seed: int) -> np.ndarray:
    """The fold of each example, int [N]: a group lies in one, and every stratum is spread over all.

    `strata` is int [N], as heads tell of labels; `groups` names the group of each example, without it each is
    its own. A group counts as its first example.
    """
    ids = np.arange(len(strata)) if groups is None else np.unique(groups, return_inverse=True)[1]
    _, firsts, group_of = np.unique(ids, return_index=True, return_inverse=True)
    order = np.lexsort([np.random.default_rng(seed).permutation(len(firsts)), strata[firsts]])
    fold_of_group = np.empty(len(firsts), np.int64)
    fold_of_group[order] = np.arange(len(firsts)) % folds
    return fold_of_group[group_of.ravel()]


def task_folds(examples: LabelledExamples, task: str, folds: int, seed: int) -> np.ndarray:
    """The fold, int [N], of each example that has a label of the task."""
    known = examples.labelled(task)
    strata = known.tasks[task].head.strata(known.tasks[task].labels)
    return assign_folds(strata, known.groups, folds, seed)


def judged_in_folds(head: Head, labels: Labels, fold_of: np.ndarray) -> np.ndarray:
    """Which examples, bool [N], can be judged: those of classes that the heads of their fold have seen."""
    judged = np.ones(len(labels), bool)
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        judged[held_out] = not held_out.all()
        judged[held_out & head.of_unseen(labels, ~held_out)] = False
    return judged
