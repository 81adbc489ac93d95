"""Defaults of training on pixels, as pure functions of the data: what fine-tuning does when nothing is said.

Measured on photos of clothes with a MobileNet (README, Fine-tuning): the longer a schedule, the better, up to
some 60 passes over 1000 images; ten times the images take three times the steps. Rates are for a batch of 32,
and follow the batch: linearly with momentum, with its root for optimizers that adapt (Malladi et al. 2022).
"""

import math
from typing import NamedTuple

BATCH_SIZE = 32
# Passes over 1000 images; over more of them, fewer: their number falls with the root of the number of images.
EPOCHS, IMAGES = 60.0, 1000
FEWEST_EPOCHS = 3.0
WARMUP = 0.1  # of the steps
LABEL_SMOOTHING = 0.1
WEIGHT_DECAY = 1e-3
BASE_RATE_FACTOR = 1.0
# The peak of the learning rate; what is not named adapts its steps to the gradients.
LEARNING_RATES = {"sgd": 0.02, "adagrad": 0.02, "lion": 1e-4, "rmsprop": 2e-4, "lamb": 5e-3}
ADAPTIVE_RATE = 5e-4
# With the statistics it came with, batch norm no longer keeps activations in bounds while weights change; 20
# passes at this rate reach 80.9 %, 83.6 % with those of the batch at the full one.
FROZEN_BATCH_NORM = 0.1
# A forward pass costs a third of a step for the same images, and may take this share of the time.
FORWARD, EVALUATION_SHARE = 1 / 3, 0.05


class FineTuneRecipe(NamedTuple):
    """What a run on pixels is trained with; `augment` is the name of a level, `eval_every` in steps."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    base_learning_rate_factor: float
    weight_decay: float
    label_smoothing: float
    augment: str
    eval_every: int

    def __str__(self) -> str:
        return (
            f"{self.steps} steps of {self.batch_size} images, learning_rate={self.learning_rate:.3g} after "
            f"{self.warmup_steps} steps of warm-up, then along a cosine to zero, "
            f"base_learning_rate_factor={self.base_learning_rate_factor:.3g}, "
            f"weight_decay={self.weight_decay:.3g}, label_smoothing={self.label_smoothing:.3g}, "
            f"augment={self.augment}, eval_every={self.eval_every}"
        )


def fine_tune_steps(count: int, batch_size: int) -> int:
    """Steps for `count` training images."""
    epochs = max(FEWEST_EPOCHS, EPOCHS * math.sqrt(IMAGES / count))
    return math.ceil(epochs * count / batch_size)


def peak_rate(optimizer: str, batch_size: int, freeze_batch_norm: bool) -> float:
    """The learning rate after the warm-up."""
    larger = batch_size / BATCH_SIZE
    rate = LEARNING_RATES.get(optimizer, ADAPTIVE_RATE) * (
        larger if optimizer == "sgd" else math.sqrt(larger)
    )
    return rate * FROZEN_BATCH_NORM if freeze_batch_norm else rate


def augmentation_level(count: int, classes: int) -> str:
    """The fewer images a class has, the more it takes to keep the net from learning them by heart."""
    per_class = count / classes
    return "strong" if per_class < 20 else "medium" if per_class < 1000 else "light"


def evaluation_interval(count: int, batch_size: int, validation_count: int) -> int:
    """Steps between evaluations: an epoch, or more where these would take more than their share."""
    epoch = math.ceil(count / batch_size)
    return max(epoch, math.ceil(FORWARD * validation_count / (EVALUATION_SHARE * batch_size)))
