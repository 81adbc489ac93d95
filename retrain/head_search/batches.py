"""What the steps of a candidate see: which examples, and which of their features are dropped.

All of it is drawn by the candidate's seed, and by nothing else that it could share with other candidates.

Features are centred: half of what features have in common is their mean, and along it gradient descent would
be the first to diverge. A dropped feature is thus its mean. Where they lie in memory they are given to the
steps as they lie there, with those of other splits, and a step centres its own; where they are too many, the
rows of some steps are read at a time, while those before are trained on.
"""

import functools
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.features.stored import ROWS_AT_A_TIME, Features, StoredFeatures, block_length, in_memory
from retrain.head_search.head_step import Batch, Batches, Examples, batch_of
from retrain.heads.head import Labels
from retrain.settings.head import HeadSettings

KEPT = 4  # orders, for trainings that are repeated, such as those of a notebook
ENTRIES = 12  # of the history of losses
POOLED_BATCHES = 16
MAX_SPARE = 2**20  # of the dropout pool, beyond one batch
STREAMED_BYTES = 2**25  # rows read at a time where features do not fit in memory


class Centred(NamedTuple):
    """Examples around a centre.

    Attributes:
      features: float32 [N, F], in memory or in files; not centred.
      labels: encoded, [N, tasks, ...].
      weights: float32 [N, folds, weightings].
      centre: float32 [F].
      weightings: the position of a task, and its class weights, by which the examples are weighted, where
        they are trained on.
      resident: all of them as tensors; None where they do not fit.
      mean_square: of the centred features, where it is asked for.
      shifts: float32 [folds, tasks, F], the mean of the examples of each fold less the centre; None of one
        fold.
    """

    features: Features
    labels: Labels
    weights: np.ndarray
    centre: np.ndarray
    weightings: tuple[tuple[int, str], ...] = ()
    resident: Examples | None = None
    mean_square: float = 1.0
    shifts: np.ndarray | None = None


def made_resident(data: Centred, memory: int) -> Centred:
    """The examples with their tensors, where these take less than `memory` bytes, and lie in memory."""
    in_files = isinstance(data.features, StoredFeatures) and data.features.in_files
    if in_files or 4 * data.features.size > memory:
        return data
    return data._replace(resident=_examples(data, slice(None), data.features))


def parts(data: Centred, most: int = ROWS_AT_A_TIME) -> Iterator[Batch]:
    """All examples, once, in order, `block_length`, or `most` where these are fewer."""
    count, num_features = data.features.shape
    size = min(most, block_length(num_features))
    for begin in range(0, count, size):
        end = min(begin + size, count)
        if data.resident is None:
            yield batch_of(_read(data, slice(begin, end)), tf.range(end - begin))
        else:
            yield batch_of(data.resident, tf.range(begin, end))


def mean_square(data: Centred) -> float:
    """Of the centred features; 1 when they are all the same."""
    total = sum(2.0 * float(tf.nn.l2_loss(part.features)) for part in parts(data))
    return total / data.features.size or 1.0


def _read(data: Centred, rows: np.ndarray | slice) -> Examples:
    """These rows alone: of features that do not fit where the tensors are, none other goes there."""
    return _examples(data, rows, np.asarray(data.features[rows]))


def _examples(data: Centred, rows: np.ndarray | slice, features: Features) -> Examples:
    memory, places = in_memory(features)
    return Examples(
        features=_tensor(memory),
        places=tf.constant(places, tf.int32),
        centre=tf.constant(data.centre),
        labels=tf.constant(data.labels[rows]),
        weights=tf.constant(data.weights[rows]),
    )


def _tensor(values: np.ndarray) -> tf.Tensor:
    """The same memory as a tensor: tf.constant would make two copies, of which it keeps one."""
    shared = tf.experimental.dlpack.from_dlpack(values.__dlpack__())
    return tf.identity(shared)  # where the tensors of this program are, which is not always the CPU


class Order(NamedTuple):
    """The batches of candidates that share them.

    Attributes:
      rows: int32 [steps, batch], of all examples.
      interval: how many steps are between two entries of the history.
      piece: for how many steps examples are read at a time, where they do not lie in memory.
      batches: the same as tensors; where examples are read, their rows are those in a piece.
    """

    rows: np.ndarray
    interval: int
    piece: int
    batches: Batches


def batch_order(candidate: HeadSettings, data: Centred, dropping: bool) -> Order:
    """Every example once an epoch; a batch may end one epoch and begin the next.

    With `dropping` there is a dropout pool, for a rate of 0, too: what is compiled then serves all rates.
    """
    steps, batch_size, num_features = candidate.max_steps, candidate.batch_size, data.features.shape[1]
    rows = _shuffled(len(data.labels), steps * batch_size, candidate.seed).reshape(steps, batch_size)
    interval = -(-steps // ENTRIES)
    piece = _piece(interval, batch_size * num_features)
    spare = max(1, min((POOLED_BATCHES - 1) * batch_size, MAX_SPARE // num_features))
    windows = np.random.default_rng(candidate.seed).integers(spare + 1, size=steps, dtype=np.int32)
    pool = _dropout_pool(candidate, num_features, batch_size + spare) if dropping else None
    decay = cosine_decay(np.arange(steps), steps).astype(np.float32)
    given = rows if data.resident is not None else _rows_in_piece(rows.shape, interval, piece)
    batches = Batches(tf.constant(given), tf.constant(decay), pool, tf.constant(windows))
    return Order(rows, interval, piece, batches)


@functools.lru_cache(KEPT)
def _shuffled(count: int, length: int, seed: int) -> np.ndarray:
    """int32 [length]: the rows of `count` examples in one epoch after another, each in its own order.

    Read it, never change it. Of few examples a training has thousands of epochs, and each a generator.
    """
    epochs = range(-(-length // count))
    order = [np.random.default_rng([seed, epoch]).permutation(count) for epoch in epochs]
    rows = np.concatenate(order)[:length].astype(np.int32)
    rows.setflags(write=False)
    return rows


def _piece(interval: int, size: int) -> int:
    """An equal part of an interval, where the batch of a step has `size` values."""
    parts = -(-4 * size * interval // STREAMED_BYTES)
    return -(-interval // min(parts, interval))


def _rows_in_piece(shape: tuple[int, int], interval: int, piece: int) -> np.ndarray:
    place = np.arange(shape[0], dtype=np.int32) % interval % piece
    return place[:, None] * np.int32(shape[1]) + np.arange(shape[1], dtype=np.int32)


def _dropout_pool(candidate: HeadSettings, num_features: int, rows: int) -> tf.Tensor:
    """Factors 0 (dropped) and 1 / (1 - rate); to draw them anew for each step costs more than the step."""
    drawn = tf.random.stateless_uniform([rows, num_features], (candidate.seed, -1))
    kept = drawn >= candidate.dropout_rate
    return tf.where(kept, 1.0 / (1.0 - candidate.dropout_rate), 0.0)


def examples_of(data: Centred, order: Order, begin: int) -> Iterator[tuple[Examples, int, int]]:
    """The examples up to the next entry of the history, from step `begin` on: some, and for which steps."""
    end = min(begin + order.interval, len(order.rows))
    if data.resident is not None:
        yield data.resident, begin, end
        return
    bounds = [*range(begin, end, order.piece), end]
    with ThreadPoolExecutor(1) as reader:
        rows = [_filled_up(order.rows[first:last], order.piece) for first, last in itertools.pairwise(bounds)]
        following = reader.submit(_read, data, rows[0])
        for (first, last), after in zip(itertools.pairwise(bounds), [*rows[1:], None], strict=True):
            examples = following.result()
            if after is not None:
                following = reader.submit(_read, data, after)
            yield examples, first, last


def _filled_up(rows: np.ndarray, steps: int) -> np.ndarray:
    """The rows of some steps, those of the last repeated until there are `steps`; one after another."""
    return np.pad(rows, ((0, steps - len(rows)), (0, 0)), mode="edge").ravel()


def cosine_decay(step: np.ndarray, steps: int) -> np.ndarray:
    """The share of the learning rate at a step: 1 at the first, near 0 at the last."""
    return 0.5 * (1.0 + np.cos(np.pi * step / steps))
