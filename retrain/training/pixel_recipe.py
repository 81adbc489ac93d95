"""Defaults of training on pixels, as pure functions of the data: what fine-tuning does when nothing is said.

Measured on photos of clothes with three networks (docs/modules.md): the longer a schedule the better, up to
some 60 passes over 1000 images; ten times the images take three times the steps. A large network is trained
by AdamW: gradient descent at a rate that makes EfficientNet-Lite1 learn makes it forget, too.
Rates are for a batch of 32, and follow the batch: linearly with momentum, with its root for optimizers that
adapt (Malladi et al. 2022).
"""

import dataclasses
import math
from typing import Any

from retrain.settings.data import OFF, ON
from retrain.settings.pixels import PixelSettings
from retrain.settings.values import SHARE, Quantity

BATCH_SIZE = 32
# Passes over 1000 images; over more of them, fewer: their number falls with the root of the number of images.
# Optimizers that adapt need fewer.
EPOCHS, ADAPTIVE_EPOCHS, IMAGES = 60.0, 45.0, 1000
FEWEST_EPOCHS = 3.0
# Passes, and rates of gradient descent, are those of a network with so few weights; both fall with the root
# of their number, as far as was measured.
SMALL, LARGE = 250_000, 4_000_000
# Weights, from which on it is AdamW: the 2.2 million of MobileNet v2 learn by gradient descent (87.1, 90.3 %
# of other photos; by AdamW 87.7 % in half the passes), the 4.1 of EfficientNet-Lite1 do not (85.6; 88.6 %).
ADAPTED = 3_000_000
WARMUP = Quantity(10.0, SHARE)  # of the steps
LABEL_SMOOTHING = 0.1
# For rates as small as those of optimizers that adapt it is so much larger.
WEIGHT_DECAY, ADAPTIVE_DECAY = 1e-3, 0.05
BASE_RATE_FACTOR = 1.0
# The peak of the learning rate; what is not named adapts its steps to the gradients.
LEARNING_RATES = {"sgd": 0.02, "adagrad": 0.02, "lion": 1e-4, "rmsprop": 2e-4, "lamb": 5e-3}
ADAPTIVE_RATE = 5e-4
# With the statistics it came with, batch norm no longer keeps activations in bounds while weights change; 20
# passes at this rate reach 80.9 %, 83.6 % with those of the batch at the full one.
FROZEN_BATCH_NORM = 0.1
# A forward pass costs a third of a step for the same images, and may take this share of the time.
FORWARD, EVALUATION_SHARE = 1 / 3, 0.05


def filled(
    pixels: PixelSettings, count: int, validation_count: int, head_rate: float, num_weights: int
) -> PixelSettings:
    """The settings with every value that the recipe has where the user gave none.

    Args:
      pixels: what the user said; what is still None afterwards is not done.
      count, validation_count: images to train and to validate on.
      head_rate: the learning rate of gradient descent for the head alone, on features as they are.
      num_weights: how many of the base are trained; 0 of a frozen one.
    """
    pixels = dataclasses.replace(
        pixels, optimizer=_given(pixels.optimizer, _optimizer(pixels.momentum, num_weights))
    )
    batch_size = _given(pixels.batch_size, BATCH_SIZE)
    size = size_factor(num_weights)
    steps = _steps(pixels, count, batch_size, size)
    warmup = _given(pixels.warmup_steps, WARMUP).of(steps)
    every = evaluation_interval(count, batch_size, validation_count)
    return dataclasses.replace(
        pixels,
        max_steps=steps,
        train_epochs=None,
        batch_size=batch_size,
        learning_rate=_given(pixels.learning_rate, _learning_rate(pixels, batch_size, head_rate, size)),
        warmup_steps=Quantity(warmup),
        base_learning_rate_factor=_given(pixels.base_learning_rate_factor, BASE_RATE_FACTOR),
        weight_decay=_given(pixels.weight_decay, _weight_decay(pixels)),
        label_smoothing=_given(pixels.label_smoothing, LABEL_SMOOTHING if pixels.fine_tune else 0.0),
        l2_regularizer=_given(pixels.l2_regularizer, 0.0),
        eval_every=_given(pixels.eval_every, Quantity(every)),
    )


def described(pixels: PixelSettings, augment_level: str, antialias: bool) -> str:
    """Filled settings, in a line that names flags."""
    return (
        f"{pixels.max_steps} steps of {pixels.batch_size} images, optimizer={pixels.optimizer}, "
        f"learning_rate={pixels.learning_rate:.3g} after {pixels.warmup_steps} steps of warm-up, then along "
        f"a cosine to zero, base_learning_rate_factor={pixels.base_learning_rate_factor:.3g}, "
        f"weight_decay={pixels.weight_decay:.3g}, label_smoothing={pixels.label_smoothing:.3g}, "
        f"augment={augment_level}, antialias={ON if antialias else OFF}, eval_every={pixels.eval_every}"
    )


def size_factor(num_weights: int) -> float:
    """1 for a small network, and less for larger ones: of the passes, and of gradient descent's rate."""
    return math.sqrt(SMALL / min(max(num_weights, SMALL), LARGE))


def fine_tune_steps(optimizer: str, count: int, batch_size: int, size: float) -> int:
    """Steps for `count` training images."""
    of_small = EPOCHS if optimizer == "sgd" else ADAPTIVE_EPOCHS
    epochs = max(FEWEST_EPOCHS, size * of_small * math.sqrt(IMAGES / count))
    return math.ceil(epochs * count / batch_size)


def peak_rate(optimizer: str, batch_size: int, freeze_batch_norm: bool, size: float) -> float:
    """The learning rate after the warm-up."""
    larger = batch_size / BATCH_SIZE
    rate = LEARNING_RATES.get(optimizer, ADAPTIVE_RATE)
    rate *= size * larger if optimizer == "sgd" else math.sqrt(larger)
    return rate * FROZEN_BATCH_NORM if freeze_batch_norm else rate


def augmentation_level(count: int, classes: int) -> str:
    """The fewer images a class has, the more it takes to keep the net from learning them by heart."""
    per_class = count / classes
    return "strong" if per_class < 20 else "medium" if per_class < 1000 else "light"


def evaluation_interval(count: int, batch_size: int, validation_count: int) -> int:
    """Steps between evaluations: an epoch, or more where these would take more than their share."""
    epoch = math.ceil(count / batch_size)
    return max(epoch, math.ceil(FORWARD * validation_count / (EVALUATION_SHARE * batch_size)))


def _optimizer(momentum: float, num_weights: int) -> str:
    """What another momentum is asked of is gradient descent."""
    return "adamw" if momentum == PixelSettings.momentum and num_weights >= ADAPTED else "sgd"


def _weight_decay(pixels: PixelSettings) -> float:
    if not pixels.fine_tune:
        return 0.0
    return WEIGHT_DECAY if pixels.optimizer == "sgd" else ADAPTIVE_DECAY


def _steps(pixels: PixelSettings, count: int, batch_size: int, size: float) -> int:
    if pixels.train_epochs is not None:
        return max(1, round(pixels.train_epochs * count / batch_size))
    return _given(pixels.max_steps, fine_tune_steps(pixels.optimizer, count, batch_size, size))


def _learning_rate(pixels: PixelSettings, batch_size: int, head_rate: float, size: float) -> float:
    """Of a frozen base's head alone, what its features allow; gradient descent is what that is known of."""
    if pixels.fine_tune or pixels.optimizer != "sgd":
        return peak_rate(pixels.optimizer, batch_size, pixels.freeze_batch_norm, size)
    return head_rate


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
