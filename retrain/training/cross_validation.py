"""Probabilities for each example from a head that has not seen it: what its label is to be judged by.

The examples are dealt into folds, those of a group together, and each fold is predicted by a head trained on
the others. All heads see the same features, and the examples of their own fold count nothing: every training
is of one shape.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from retrain.heads.head import Head, Labels
from retrain.training.head_trials import Schedule, Split, Trial, train_heads

FOLDS = 5


def out_of_sample_probabilities(
    head: Head,
    trial: Trial,
    schedule: Schedule,
    examples: Split,
    groups: Sequence[str],
    folds: int = FOLDS,
) -> np.ndarray:
    """float32 [N, C], calibrated on all of them; nan for an example of a class that no other fold has."""
    fold_of = deal(head, examples.labels, groups, folds, schedule.seed)
    logits = np.full([len(fold_of), head.num_classes], np.nan, np.float32)
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        judged = held_out & ~_of_unseen_classes(head, examples.labels, ~held_out)
        if judged.any():
            logits[judged] = _predicted(head, trial, schedule, examples, held_out, judged)
    known = ~np.isnan(logits).any(axis=1)
    calibrated = head.calibrated(examples.labels[known], logits[known])
    return calibrated.probabilities(tf.constant(logits)).numpy()


def deal(head: Head, labels: Labels, groups: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """The fold of each example, int [N]: groups of one label are dealt out in turn, in an order by `seed`."""
    _, first, group_of = np.unique(
        np.asarray(groups, object).astype(str), return_index=True, return_inverse=True
    )
    targets = np.nan_to_num(head.targets(tf.constant(labels[first])).numpy(), nan=-1.0)
    label_of = np.unique(targets, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), label_of))
    fold_of = np.empty(len(first), int)
    fold_of[order] = np.arange(len(first)) % folds
    return fold_of[group_of]


def _of_unseen_classes(head: Head, labels: Labels, seen: np.ndarray) -> np.ndarray:
    there = head.targets(tf.constant(labels)).numpy() > 0.5
    return (there & ~there[seen].any(axis=0)).any(axis=1)


def _predicted(
    head: Head, trial: Trial, schedule: Schedule, examples: Split, held_out: np.ndarray, judged: np.ndarray
) -> np.ndarray:
    weights = examples.weights * np.where(held_out, 0.0, len(held_out) / np.sum(~held_out))
    train = examples._replace(weights=weights.astype(np.float32))
    heads = train_heads(head, [trial], schedule, train, None)
    return examples.features[judged] @ heads.kernels[0] + heads.biases[0]
