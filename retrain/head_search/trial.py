"""What a trial of the head is: its settings, the data that it is trained on, and what comes of it."""

from typing import NamedTuple

import numpy as np


class Trial(NamedTuple):
    """How one head is trained, named as in Config; penalties are sums over its kernel.

    Trials that differ in the upper settings only are trained together; the lower ones decide which batches
    are seen, and how.
    """

    learning_rate: float
    l2_regularizer: float
    l1_regularizer: float = 0.0
    label_smoothing: float = 0.0
    momentum: float = 0.9
    class_weights: str = "none"

    dropout_rate: float = 0.0
    steps: int = 1000
    batch_size: int = 100
    seed: int = 0


class Start(NamedTuple):
    """A head, kernel [F, C] and bias [C], at which training begins; penalties are of the distance from it.

    To be drawn towards what is known, rather than to zero, is what few examples need (Li et al. 2018).
    """

    kernel: np.ndarray
    bias: np.ndarray


class TrainedHead(NamedTuple):
    """The head of one trial and how it came to be.

    Attributes:
      kernel, bias: float32 [F, C] and [C].
      losses: float32 [readings, 2]: mean loss over the training batches since the last reading, and over the
        validation split (nan without one); the last reading is of the head as it is returned.
      steps: int [readings], the step of each reading.
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
