"""What the steps of a trial see: which examples, and which of their features are dropped.

All of it is drawn by the trial's seed, and by nothing else that it could share with other trials.

Features are centred: half of what features have in common is their mean, and along it gradient descent would
be the first to diverge. A dropped feature is thus its mean. Where they lie in memory they are given to the
steps whole; where they are too many, the rows of some steps are read at a time, while those before are
trained on.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.heads.head import Labels
from retrain.training.head_step import Batches, Examples
from retrain.training.trial import Trial

POOLED_BATCHES = 16
MAX_SPARE = 2**20  # of the dropout pool, beyond one batch
ROWS_AT_A_TIME = 4096  # where all are looked at
STREAMED_BYTES = 2**25  # rows read at a time where features do not fit in memory


class Centred(NamedTuple):
    """Examples around a centre.

    Attributes:
      features: float32 [N, F], in memory or mapped from a file; not centred.
      labels: encoded, [N, ...].
      weights: float32 [N, folds, weightings].
      centre: float32 [F].
      resident: all of them, centred, as tensors; None where they do not fit.
      mean_square: of the centred features, where it is asked for.
    """

    features: np.ndarray
    labels: Labels
    weights: np.ndarray
    centre: np.ndarray
    resident: Examples | None = None
    mean_square: float = 1.0


def mean_features(features: np.ndarray) -> np.ndarray:
    """Float32 [F]."""
    return features.mean(axis=0, dtype=np.float64).astype(np.float32)


def made_resident(data: Centred, memory: int) -> Centred:
    """The examples with their tensors, where these take less than `memory` bytes."""
    return data._replace(resident=_read(data, slice(None))) if 4 * data.features.size <= memory else data


def parts(data: Centred) -> Iterator[Examples]:
    """All examples, once, in order, some at a time."""
    count = len(data.features)
    if data.resident is not None and count <= ROWS_AT_A_TIME:
        yield data.resident
        return
    for begin in range(0, count, ROWS_AT_A_TIME):
        rows = slice(begin, begin + ROWS_AT_A_TIME)
        if data.resident is None:
            yield _read(data, rows)
        else:
            yield Examples(*(values[rows] for values in data.resident))


def mean_square(data: Centred) -> float:
    """Of the centred features; 1 when they are all the same."""
    total = sum(2.0 * float(tf.nn.l2_loss(part.features)) for part in parts(data))
    return total / data.features.size or 1.0


def _read(data: Centred, rows: np.ndarray | slice) -> Examples:
    features = tf.constant(data.features[rows]) - data.centre
    return Examples(features, tf.constant(data.labels[rows]), tf.constant(data.weights[rows]))


class Order(NamedTuple):
    """The batches of trials that have these settings in common; `dropout_pool` is None without dropout."""

    rows: np.ndarray  # int32 [steps, batch]
    windows: np.ndarray  # int32 [steps]
    dropout_pool: tf.Tensor | None


def batch_order(trial: Trial, data: Centred) -> Order:
    """Every example once an epoch; a batch may end one epoch and begin the next."""
    count, num_features = data.features.shape
    epochs = -(-trial.steps * trial.batch_size // count)
    order = [np.random.default_rng([trial.seed, epoch]).permutation(count) for epoch in range(epochs)]
    rows = np.concatenate(order)[: trial.steps * trial.batch_size].astype(np.int32)
    spare = max(1, min((POOLED_BATCHES - 1) * trial.batch_size, MAX_SPARE // num_features))
    windows = np.random.default_rng(trial.seed).integers(spare + 1, size=trial.steps, dtype=np.int32)
    pool = _dropout_pool(trial, num_features, trial.batch_size + spare) if trial.dropout_rate else None
    return Order(rows.reshape(trial.steps, trial.batch_size), windows, pool)


def _dropout_pool(trial: Trial, num_features: int, rows: int) -> tf.Tensor:
    """Factors 0 (dropped) and 1 / (1 - rate); to draw them anew for each step costs more than the step."""
    kept = tf.random.stateless_uniform([rows, num_features], (trial.seed, -1)) >= trial.dropout_rate
    return tf.where(kept, 1.0 / (1.0 - trial.dropout_rate), 0.0)


def batches(data: Centred, order: Order, begin: int, end: int) -> Iterator[tuple[Examples, Batches]]:
    """The batches of steps `begin` to `end`, and the examples that their rows are rows of."""
    if data.resident is not None:
        yield data.resident, _batches(order, order.rows[begin:end], begin)
        return
    steps = max(1, STREAMED_BYTES // (4 * data.features.shape[1] * order.rows.shape[1]))
    begins = range(begin, end, steps)
    with ThreadPoolExecutor(1) as reader:
        pieces = [order.rows[first : min(first + steps, end)] for first in begins]
        following = reader.submit(_read, data, pieces[0].ravel())
        for first, piece, after in zip(begins, pieces, [*pieces[1:], None], strict=True):
            examples = following.result()
            if after is not None:
                following = reader.submit(_read, data, after.ravel())
            yield examples, _batches(order, np.arange(piece.size, dtype=np.int32).reshape(piece.shape), first)


def _batches(order: Order, rows: np.ndarray, first_step: int) -> Batches:
    windows = order.windows[first_step : first_step + len(rows)]
    decay = cosine_decay(first_step + np.arange(len(rows)), len(order.rows)).astype(np.float32)
    return Batches(tf.constant(rows), tf.constant(decay), order.dropout_pool, tf.constant(windows))


def cosine_decay(step: np.ndarray, steps: int) -> np.ndarray:
    """The share of the learning rate at a step: 1 at the first, near 0 at the last."""
    return 0.5 * (1.0 + np.cos(np.pi * step / steps))
