"""What comes of the training of a head."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrain.features.stored import Features
from retrain.heads.computed_rows import Rows, computed


class TrainedHead(NamedTuple):
    """The head of one candidate and how it came to be.

    Attributes:
      kernel, bias: float32 [F, C] and [C]; of a candidate with folds [folds, F, C] and [folds, C].
      losses: float32 [entries, 2]: mean loss over the training batches since the last entry, and over the
        validation split (nan without one); the last entry is of the head as it is returned.
      steps: int [entries], the step of each entry.
      stopped: the step at which halving gave it up; None when it was trained to its end.
    """

    kernel: np.ndarray
    bias: np.ndarray
    losses: np.ndarray
    steps: np.ndarray
    stopped: int | None = None

    @property
    def failed(self) -> bool:
        """Whether training diverged."""
        return not (np.isfinite(self.kernel).all() and np.isfinite(self.bias).all())

    @property
    def history(self) -> dict[int, dict[str, float]]:
        """Losses by step, as TensorBoard shows them; that of validation only where there is one."""
        history = {}
        for step, (training, validation) in zip(self.steps.tolist(), self.losses, strict=True):
            history[step] = {"loss": float(training)}
            if np.isfinite(validation):
                history[step]["validation_loss"] = float(validation)
        return history


class OutOfSample(NamedTuple):
    """What one candidate predicts for all examples, each by the head of the fold in which it was held out.

    Attributes:
      trained: the heads of the folds, and their mean losses.
      features: [N, F], of all examples.
      fold_of: int [N].
    """

    trained: TrainedHead
    features: Features
    fold_of: np.ndarray

    @property
    def logits(self) -> Rows:
        """Float32 [N, C], not finite where training diverged; made anew each time."""
        return computed(self._logits_at, len(self.fold_of), self.trained.bias.shape[-1])

    def _logits_at(self, at: np.ndarray) -> np.ndarray:
        logits = np.empty([len(at), self.trained.bias.shape[-1]], np.float32)
        for fold, (kernel, bias) in enumerate(zip(self.trained.kernel, self.trained.bias, strict=True)):
            rows = np.flatnonzero(self.fold_of[at] == fold)
            with np.errstate(all="ignore"):  # diverged candidates
                logits[rows] = self.features[at[rows]] @ kernel + bias
        return logits


def logits_side_by_side(results: Sequence[OutOfSample]) -> list[Rows]:
    """Those of candidates of few classes, on the same examples in the same folds, by one product."""
    if len(results) == 1:
        return [results[0].logits]
    kernel = np.concatenate([of.trained.kernel for of in results], axis=2)
    bias = np.concatenate([of.trained.bias for of in results], axis=1)
    together = results[0]._replace(trained=results[0].trained._replace(kernel=kernel, bias=bias))
    return np.split(np.asarray(together.logits), len(results), axis=1)
