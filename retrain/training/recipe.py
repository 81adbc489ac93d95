"""Defaults as pure functions of the data: what a frozen base's head is trained with when the user says nothing.

The features of one module may be a thousand times larger than another's. Gradient descent on features x with rate
r and penalty p moves as it does on x / s with r * s^2 and p / s^2, so the rate and the penalties below are stated
for features of mean square 1 per dimension and scaled to those at hand.
"""

import numpy as np

from retrain.training.head_trials import Trial

# Chosen on features of MobileNets and of the builtin module; above the higher rate, training is no longer stable.
LEARNING_RATES = (40.0, 120.0)  # for features whose squares sum to 1
# For features of mean square 1; the strongest first, because the first of several equally good trials is taken.
L2_REGULARIZERS = (5e-1, 1.5e-1, 5e-2, 1.5e-2, 5e-3, 1.5e-3, 5e-4, 1.5e-4)

SHORT = 600  # steps: enough for small sets to converge
EPOCHS = 10  # what larger sets need


def head_steps(count: int, batch_size: int) -> int:
    """Steps for `count` training images: at least EPOCHS passes over them."""
    return max(SHORT, -(-EPOCHS * count // batch_size))


def head_grid(
    features: np.ndarray,
    learning_rate: float | None,
    l2_regularizer: float | None,
    l1_regularizer: float,
    label_smoothing: float,
) -> list[Trial]:
    """The trials of a default run: all rates and L2 strengths, but what the user gave stays as given."""
    mean_square = float(np.mean(np.square(features, dtype=np.float64))) or 1.0
    scale = mean_square * features.shape[1]
    rates = [rate / scale for rate in LEARNING_RATES] if learning_rate is None else [learning_rate]
    strengths = [l2 * mean_square for l2 in L2_REGULARIZERS] if l2_regularizer is None else [l2_regularizer]
    return [Trial(rate, l2, l1_regularizer, label_smoothing) for rate in rates for l2 in strengths]
