"""Chooses the head of a frozen base: trains all trials at once, takes the lowest validation loss.

Each trial's loss is taken at the temperature that suits it best (Guo et al. 2017): a strong penalty makes a
head less sure of itself before it makes it worse, and sureness can be mended afterwards.

Without a validation split every tenth training example is held out to choose by, and the chosen trial is
trained again on all of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.training.head_trials import train_trials
from retrain.training.trial import Split, Start, TrainedHead, Trial

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
    train: Split,
    validation: Split | None,
    start: Start | None = None,
) -> FoundHead:
    """Trains the trials and returns the best; InputError when all of them diverge.

    All trials have the same class weights, by which the validation images count, too.
    """
    class_weights = trials[0].class_weights
    if validation is not None:
        return _best(head, trials, train, _weighed(head, validation, class_weights), start)
    if len(trials) == 1 or len(train.labels) < HELD_OUT:
        return _best(head, trials, train, None, start)
    at = np.arange(len(train.labels)) % HELD_OUT == 0
    held_out = _weighed(head, train.rows(at), class_weights)
    chosen = _best(head, trials, train.rows(~at), held_out, start)
    again = _best(head, [chosen.trial], train, None, start)
    return again._replace(criterion="loss on held out training images", loss=chosen.loss)


def _weighed(head: Head, split: Split, class_weights: str) -> Split:
    return split._replace(weights=split.weights * head.example_weights(split.labels, class_weights))


def _best(
    head: Head,
    trials: Sequence[Trial],
    train: Split,
    validation: Split | None,
    start: Start | None,
) -> FoundHead:
    heads = train_trials(head, trials, train, validation, start)
    losses = [trained.losses[-1, 0] if validation is None else trained.calibrated_loss for trained in heads]
    best = int(np.where(np.isfinite(losses), losses, np.inf).argmin())
    if not np.isfinite(losses[best]):
        rates = max(trial.learning_rate for trial in trials)
        raise InputError(
            f"Training diverged at every learning rate (up to {rates:.3g}): give a lower --learning_rate."
        )
    return FoundHead(
        heads[best].kernel,
        heads[best].bias,
        trials[best],
        "training loss" if validation is None else "validation loss",
        float(losses[best]),
        _readings(heads[best]),
    )


def _readings(head: TrainedHead) -> dict[int, dict[str, float]]:
    """Validation only where there is one."""
    readings = {}
    for step, (training, validation) in zip(head.steps.tolist(), head.losses, strict=True):
        readings[step] = {"loss": float(training)}
        if np.isfinite(validation):
            readings[step]["validation_loss"] = float(validation)
    return readings
