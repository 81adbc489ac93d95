"""Candidates: the head's settings filled in, by pure functions of the data where nothing is said.

The features of one module may be a thousand times larger than another's, or differ in one direction only;
rates and penalties are therefore stated relative to the features at hand.
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from retrain.features.stored import Features, mean_features, variance
from retrain.settings.head import HeadSettings

# Of 1 / (the largest variance of the features in any direction). The curvature of the cross-entropy is at
# most half of that variance (Boehning 1992), and gradient descent with momentum m is stable up to
# 2 (1 + m) / curvature: about 7.6.
LEARNING_RATE = 4.0
# For features of variance 1; the strongest first, for the first of several equally good ones is taken. With 2
# to 80 images a class, two still stronger ones would cost MobileNet v1 0.7 points of accuracy on average and
# give v2 and EfficientNet-Lite1 0.1 to 0.2: few images cannot tell apart what differs in sureness.
L2_REGULARIZERS = (1.5e-1, 5e-2, 1.5e-2, 5e-3, 1.5e-3, 5e-4, 1.5e-4)

SAMPLE, ITERATIONS = 2000, 20

BATCH_SIZE = 100
SHORT = 1000  # steps: enough for small sets to converge
EPOCHS = 10  # what larger sets need


class FeatureScale(NamedTuple):
    """What penalties and rates are relative to: the variance of features, on average and at its largest."""

    variance: float
    largest_variance: float


def feature_scale(features: Features) -> FeatureScale:
    """Of features [N, F]."""
    return FeatureScale(variance(features) or 1.0, largest_variance(features))


def candidates(settings: HeadSettings, scale: FeatureScale, count: int) -> list[HeadSettings]:
    """What a run trains on `count` examples: one candidate for each L2 strength, if none was given.

    All that is None is filled in, but for `train_epochs`, which `max_steps` tells then.
    """
    filled = dataclasses.replace(
        settings,
        learning_rate=_given(settings.learning_rate, LEARNING_RATE / scale.largest_variance),
        max_steps=_steps(settings, count),
        train_epochs=None,
        batch_size=_given(settings.batch_size, BATCH_SIZE),
        label_smoothing=_given(settings.label_smoothing, 0.0),
    )
    relative = [l2 * scale.variance for l2 in L2_REGULARIZERS]
    strengths = relative if settings.l2_regularizer is None else [settings.l2_regularizer]
    return [dataclasses.replace(filled, l2_regularizer=l2) for l2 in strengths]


def _steps(settings: HeadSettings, count: int) -> int:
    """As it was said, else at least EPOCHS passes over `count` training images."""
    batch_size = _given(settings.batch_size, BATCH_SIZE)
    if settings.max_steps is not None:
        return settings.max_steps
    if settings.train_epochs is not None:
        return max(1, round(settings.train_epochs * count / batch_size))
    return max(SHORT, -(-EPOCHS * count // batch_size))


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


def head_rate(features: Features) -> float:
    """The learning rate for a head on features that are not centred: along their mean they are largest."""
    mean = mean_features(features).astype(np.float64)
    return LEARNING_RATE / (largest_variance(features) + float(mean @ mean))


def largest_variance(features: Features) -> float:
    """The variance of features [N, F] in the direction in which it is largest; 1 when they are all the same.

    By power iteration from the vector of standard deviations, on at most SAMPLE rows: a few per cent low at
    worst.
    """
    centred = np.array(features[:: max(1, len(features) // SAMPLE)], np.float64)
    centred -= centred.mean(axis=0)
    direction, variance = centred.std(axis=0), 0.0
    for _ in range(ITERATIONS):
        length = np.linalg.norm(direction)
        if not length:
            return 1.0
        direction = centred.T @ (centred @ (direction / length)) / len(centred)
        variance = float(np.linalg.norm(direction))
    return variance
