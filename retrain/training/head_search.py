"""Chooses the head of a frozen base: trains all trials at once, and takes the one with the lowest validation loss.

Without a validation split every tenth training example is held out to choose by, and the chosen trial is trained
again on all of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.training.head_trials import Schedule, Split, TrainedHeads, Trial, best_trial, train_heads

HELD_OUT = 10  # one in so many, where there is no validation split


class FoundHead(NamedTuple):
    """The best head: kernel float32 [F, C], bias [C], its settings, its validation loss, its losses by step."""

    kernel: np.ndarray
    bias: np.ndarray
    trial: Trial
    validation_loss: float
    readings: dict[int, dict[str, float]]


def search_head(
    head: Head, trials: Sequence[Trial], schedule: Schedule, train: Split, validation: Split | None
) -> FoundHead:
    """Trains the trials and returns the best; InputError when all of them diverge."""
    if validation is None and len(trials) > 1 and len(train.labels) >= HELD_OUT:
        held_out = np.arange(len(train.labels)) % HELD_OUT == 0
        found = search_head(head, trials, schedule, train.rows(~held_out), train.rows(held_out))
        trials = [found.trial]
    heads = train_heads(head, trials, schedule, train, validation)
    best = best_trial(heads)
    if not np.isfinite(heads.losses[-1, 0, best]):
        raise InputError(
            f"Training diverged at every learning rate (up to {max(t.learning_rate for t in trials):.3g}): give a "
            f"lower --learning_rate."
        )
    return FoundHead(
        heads.kernels[best],
        heads.biases[best],
        trials[best],
        float(heads.losses[-1, 1, best]),
        _readings(heads, best),
    )


def _readings(heads: TrainedHeads, trial: int) -> dict[int, dict[str, float]]:
    """Losses by step, as TensorBoard shows them; validation only where there is one."""
    readings = {}
    for step, (training, validation) in zip(heads.steps.tolist(), heads.losses[:, :, trial], strict=True):
        readings[step] = {"loss": float(training)}
        if np.isfinite(validation):
            readings[step]["validation_loss"] = float(validation)
    return readings
