"""What comes of the training of a head."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class TrainedHead(NamedTuple):
    """The head of one candidate and how it came to be.

    Attributes:
      kernel, bias: float32 [F, C] and [C]; of a candidate with folds [folds, F, C] and [folds, C].
      losses: float32 [entries, 2]: mean loss over the training batches since the last entry, and over the
        validation split (nan without one); the last entry is of the head as it is returned.
      steps: int [entries], the step of each entry.
      calibrated_loss: the last validation loss at the temperature at which it is lowest; nan without one.
      stopped: the step at which halving gave it up; None when it was trained to its end.
    """

    kernel: np.ndarray
    bias: np.ndarray
    losses: np.ndarray
    steps: np.ndarray
    calibrated_loss: float
    stopped: int | None = None

    @property
    def failed(self) -> bool:
        """Whether training diverged."""
        return not (np.isfinite(self.kernel).all() and np.isfinite(self.bias).all())

    @property
    def training_loss(self) -> float:
        """That of the last steps."""
        return float(self.losses[-1, 0])

    @property
    def history(self) -> dict[int, dict[str, float]]:
        """Losses by step, as TensorBoard shows them; that of validation only where there is one."""
        history = {}
        for step, (training, validation) in zip(self.steps.tolist(), self.losses, strict=True):
            history[step] = {"loss": float(training)}
            if np.isfinite(validation):
                history[step]["validation_loss"] = float(validation)
        return history


def best_of(heads: Sequence[TrainedHead], validated: bool) -> int | None:
    """The position of the best, of those not given up if there are such; None where all diverged."""
    losses = np.asarray([of.calibrated_loss if validated else of.training_loss for of in heads])
    given_up = np.asarray([of.stopped is not None for of in heads])
    possible = np.isfinite(losses) & (~given_up | given_up.all())
    return int(np.where(possible, losses, np.inf).argmin()) if possible.any() else None
