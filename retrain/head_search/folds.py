"""Cross-validation in the computation of the trials: every example is predicted by a head that never saw it.

In each fold the examples that are held out weigh nothing, and the others as much more. Features are centred
by the mean over all of them, and classes balanced by the counts of all, which tells of no single label.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.examples.task_examples import TaskExamples
from retrain.head_search.halving import Halving
from retrain.head_search.head_trials import train_folds
from retrain.head_search.trial import Start, TrainedHead, Trial
from retrain.head_search.trial_plan import MEMORY
from retrain.heads.head import Head, Labels


class OutOfSample(NamedTuple):
    """What one trial predicts for all examples, each by the head of the fold in which it was held out.

    Attributes:
      logits: float32 [N, C], not finite where training diverged.
      trained: the heads of the folds, kernel [folds, F, C] and bias [folds, C], and their mean losses.
    """

    logits: np.ndarray
    trained: TrainedHead


def assign_folds(labels: Labels, groups: Sequence[object] | None, folds: int, seed: int) -> np.ndarray:
    """The fold of each example, int [N]: a group lies in one, and every class is spread over all.

    `groups` names the group of each example; without it each is its own. A group counts as its first example.
    """
    ids = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    _, firsts, group_of = np.unique(ids, return_index=True, return_inverse=True)
    rows = np.nan_to_num(labels[firsts].reshape(len(firsts), -1), nan=-1)
    kinds = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort([np.random.default_rng(seed).permutation(len(firsts)), kinds])
    fold_of_group = np.empty(len(firsts), np.int64)
    fold_of_group[order] = np.arange(len(firsts)) % folds
    return fold_of_group[group_of.ravel()]


def out_of_sample(
    head: Head,
    trials: Sequence[Trial],
    split: TaskExamples,
    fold_of: np.ndarray,
    start: Start | None = None,
    memory: int = MEMORY,
    halving: Halving | None = None,
) -> list[OutOfSample]:
    """Trains each trial without each fold, and predicts that fold: `fold_of` is int [N]."""
    folds = range(fold_of.max() + 1)
    held_out = [np.flatnonzero(fold_of == fold) for fold in folds]
    shares = np.stack([fold_of != fold for fold in folds], axis=1).astype(np.float32)
    validations = [split.rows(rows) for rows in held_out]
    heads = train_folds(head, trials, split, shares, validations, start, memory, halving)
    return [OutOfSample(_logits(trained, split, held_out), trained) for trained in heads]


def _logits(trained: TrainedHead, split: TaskExamples, held_out: Sequence[np.ndarray]) -> np.ndarray:
    logits = np.empty([len(split.labels), trained.bias.shape[-1]], np.float32)
    for kernel, bias, rows in zip(trained.kernel, trained.bias, held_out, strict=True):
        with np.errstate(all="ignore"):  # diverged trials
            logits[rows] = split.features[rows] @ kernel + bias
    return logits
