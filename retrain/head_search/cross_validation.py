"""Probabilities for each example from a head that has not seen it: what its label is to be judged by."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from retrain.examples.task_examples import TaskExamples
from retrain.head_search.folds import assign_folds, out_of_sample
from retrain.head_search.trial import Trial
from retrain.heads.head import Head, Labels

FOLDS = 5


def out_of_sample_probabilities(
    head: Head, trial: Trial, examples: TaskExamples, groups: Sequence[str], folds: int = FOLDS
) -> np.ndarray:
    """float32 [N, C], calibrated on all of them; nan for an example of a class that no other fold has.

    Examples of a group are in the same fold.
    """
    fold_of = assign_folds(examples.labels, groups, folds, trial.seed)
    [predicted] = out_of_sample(head, [trial], examples, fold_of)
    logits = predicted.logits
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        logits[held_out & _of_unseen_classes(head, examples.labels, ~held_out)] = np.nan
    known = np.isfinite(logits).all(axis=1)
    calibrated = head.calibrated(examples.labels[known], logits[known])
    return calibrated.probabilities(tf.constant(logits)).numpy()


def _of_unseen_classes(head: Head, labels: Labels, seen: np.ndarray) -> np.ndarray:
    there = head.targets(tf.constant(labels)).numpy() > 0.5
    return (there & ~there[seen].any(axis=0)).any(axis=1)
