"""Chooses the head of a frozen base: trains all trials at once, takes the lowest validation loss.

Each trial's loss is taken at the temperature that suits it best (Guo et al. 2017): a strong penalty makes a
head less sure of itself before it makes it worse, and sureness can be mended afterwards.

Without a validation split every tenth training example is held out to choose by, and the chosen trial is
trained again on all of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.training.head_trials import Schedule, Split, Start, TrainedHeads, Trial, train_heads

TEMPERATURES = np.geomspace(1 / 8, 8, 37, dtype=np.float32)
HELD_OUT = 10  # one in so many, where there is no validation split


class FoundHead(NamedTuple):
    """The best head.

    Attributes:
      kernel, bias: float32 [F, C] and [C].
      trial: its settings.
      criterion, loss: what it was chosen by ("validation loss"), and its own.
      readings: its losses by step, as TensorBoard shows them.
    """

    kernel: np.ndarray
    bias: np.ndarray
    trial: Trial
    criterion: str
    loss: float
    readings: dict[int, dict[str, float]]


def search_head(
    head: Head,
    trials: Sequence[Trial],
    schedule: Schedule,
    train: Split,
    validation: Split | None,
    start: Start | None = None,
) -> FoundHead:
    """Trains the trials and returns the best; InputError when all of them diverge."""
    if validation is not None:
        return _best(head, trials, schedule, train, validation, start)
    if len(trials) == 1 or len(train.labels) < HELD_OUT:
        return _best(head, trials, schedule, train, None, start)
    held_out = np.arange(len(train.labels)) % HELD_OUT == 0
    chosen = _best(head, trials, schedule, train.rows(~held_out), train.rows(held_out), start)
    again = _best(head, [chosen.trial], schedule, train, None, start)
    return again._replace(criterion="loss on held out training images", loss=chosen.loss)


def _best(
    head: Head,
    trials: Sequence[Trial],
    schedule: Schedule,
    train: Split,
    validation: Split | None,
    start: Start | None,
) -> FoundHead:
    heads = train_heads(head, trials, schedule, train, validation, start)
    losses = heads.losses[-1, 0] if validation is None else calibrated_losses(head, heads, validation)
    best = int(np.where(np.isfinite(losses), losses, np.inf).argmin())
    if not np.isfinite(losses[best]):
        rates = max(trial.learning_rate for trial in trials)
        raise InputError(
            f"Training diverged at every learning rate (up to {rates:.3g}): give a lower --learning_rate."
        )
    return FoundHead(
        heads.kernels[best],
        heads.biases[best],
        trials[best],
        "training loss" if validation is None else "validation loss",
        float(losses[best]),
        _readings(heads, best),
    )


def calibrated_losses(head: Head, heads: TrainedHeads, validation: Split) -> np.ndarray:
    """The mean validation loss of each trial at its best temperature, [T]; not finite where it diverged."""
    targets = head.targets(tf.constant(validation.labels))
    losses = []
    with np.errstate(all="ignore"):  # diverged trials
        logits = (validation.features @ heads.kernels + heads.biases[:, None]).astype(np.float32)
    for temperature in TEMPERATURES:
        by_example = head.loss(targets, tf.constant(logits / temperature)) * validation.weights
        losses.append(tf.reduce_mean(by_example, axis=1).numpy())
    return np.min(losses, axis=0)


def _readings(heads: TrainedHeads, trial: int) -> dict[int, dict[str, float]]:
    """Validation only where there is one."""
    readings = {}
    for step, (training, validation) in zip(heads.steps.tolist(), heads.losses[:, :, trial], strict=True):
        readings[step] = {"loss": float(training)}
        if np.isfinite(validation):
            readings[step]["validation_loss"] = float(validation)
    return readings
