"""Trains many heads on the same features at once: one is a small matrix problem, a hundred a larger one.

All trials see the same batches and, at one rate, the same dropped features, so a step is one plain product
[batch, features] x [features, trials x classes] in each direction, and the whole training is one call of one
tf.function. Nothing mixes the columns of two trials: a trial gives the same head alone and among others.
The update is gradient descent with momentum and a rate that falls to zero along a cosine (Loshchilov & Hutter
2017).

Features are centred while a head is trained, and their mean goes into the bias afterwards: half of what
features have in common is their mean, and along it gradient descent would be the first to diverge. A dropped
feature is thus its mean. The bias is trained like the weight of one more feature, as large as the others are.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.pipeline import index_batches
from retrain.heads.head import Head, Labels
from retrain.progress import progress

MOMENTUM = 0.9
POOLED_BATCHES = 16
MAX_SPARE = 2**22  # of the dropout pool, beyond one batch
READINGS = 20  # how often the losses are read along the way


class Trial(NamedTuple):
    """The settings in which trials of a group may differ, as in Config; penalties are sums over kernels."""

    learning_rate: float
    l2_regularizer: float
    l1_regularizer: float = 0.0
    label_smoothing: float = 0.0


class Schedule(NamedTuple):
    """What all trials of a group share."""

    steps: int
    batch_size: int
    dropout_rate: float
    seed: int


class Split(NamedTuple):
    """Features float32 [N, F], encoded labels [N, ...] and weights [N] of one split."""

    features: np.ndarray
    labels: Labels
    weights: np.ndarray

    def around(self, centre: np.ndarray) -> "Split":
        """The split with `centre` [F] taken from all features, as tensors."""
        return Split(tf.constant(self.features - centre), tf.constant(self.labels), tf.constant(self.weights))

    def rows(self, chosen: np.ndarray) -> "Split":
        """The split of these rows only: a mask, or positions."""
        return Split(*(values[chosen] for values in self))


class Start(NamedTuple):
    """A head, kernel [F, C] and bias [C], at which training begins; penalties are of the distance from it.

    To be drawn towards what is known, rather than to zero, is what few examples need (Li et al. 2018).
    """

    kernel: np.ndarray
    bias: np.ndarray


class TrainedHeads(NamedTuple):
    """The trials' heads and how they came to be.

    Attributes:
      kernels: float32 [trials, F, C].
      biases: float32 [trials, C].
      losses: float32 [readings, 2, trials]: mean loss over the training batches since the last reading, and
        over the validation split (nan without one); the last reading is of the heads as they are returned.
      steps: int [readings], the step of each reading.
    """

    kernels: np.ndarray
    biases: np.ndarray
    losses: np.ndarray
    steps: np.ndarray


def train_heads(
    head: Head,
    trials: Sequence[Trial],
    schedule: Schedule,
    train: Split,
    validation: Split | None,
    start: Start | None = None,
) -> TrainedHeads:
    """Trains one head for each trial, from `start`, else from zeros.

    A trial that diverges has losses that are not finite.
    """
    centre = train.features.mean(axis=0)
    data = train.around(centre)
    settings = _settings(head, trials, schedule, data.features)
    state = _zeros(len(centre), len(trials) * head.num_classes)
    if start is not None:
        state = _begin(state, start, centre, len(trials))
        settings = settings._replace(start=state.kernel)
    held_out = None if validation is None else validation.around(centre)
    batches = index_batches(len(train.labels), schedule.batch_size, schedule.seed).take(schedule.steps)
    losses, steps = [], [0]
    readings = batches.batch(math.ceil(schedule.steps / READINGS))
    for rows in progress(readings, schedule.steps, "heads", "steps", len):
        state, training_loss = _train(head, settings, state, data, rows, tf.constant(steps[-1], tf.int64))
        losses.append([training_loss, _validation_loss(head, state, held_out, len(trials))])
        steps.append(steps[-1] + len(rows))
    shape = (len(trials), head.num_classes)
    kernels = state.kernel.numpy().reshape(-1, *shape).transpose(1, 0, 2)
    with np.errstate(all="ignore"):  # diverged trials
        biases = state.bias.numpy().reshape(shape) - centre @ kernels
    return TrainedHeads(kernels, biases, np.asarray(losses), np.asarray(steps[1:]))


class _Settings(NamedTuple):
    """What the trials differ in, a value for each column of the kernel, and what they share.

    All are tensors, so that one trace serves every group of the same shape. `l1`, `dropout_pool` and `start`,
    a kernel, are None where they do nothing.
    """

    learning_rate: tf.Tensor
    l2: tf.Tensor
    l1: tf.Tensor | None
    label_smoothing: tf.Tensor  # [T, 1]
    bias_scale: tf.Tensor  # the mean square of the features, or 1 when they are all the same
    dropout_pool: tf.Tensor | None
    seed: tf.Tensor
    steps: tf.Tensor
    start: tf.Tensor | None = None


def _settings(head: Head, trials: Sequence[Trial], schedule: Schedule, features: tf.Tensor) -> _Settings:
    values = np.asarray(trials, np.float32).T
    rate, l2, l1 = (np.repeat(row, head.num_classes) for row in values[:3])
    mean_square = tf.reduce_mean(tf.square(features))
    return _Settings(
        tf.constant(rate),
        tf.constant(l2),
        tf.constant(l1) if l1.any() else None,
        tf.constant(values[3][:, None]),
        tf.where(mean_square > 0.0, mean_square, 1.0),
        _dropout_pool(schedule, features.shape[1]) if schedule.dropout_rate else None,
        tf.constant(schedule.seed, tf.int64),
        tf.constant(schedule.steps, tf.float32),
    )


def _dropout_pool(schedule: Schedule, num_features: int) -> tf.Tensor:
    """Factors 0 (dropped) and 1 / (1 - rate) for some batches; to draw them anew costs more than the step."""
    size = schedule.batch_size * num_features
    spare = min((POOLED_BATCHES - 1) * size, MAX_SPARE)
    kept = tf.random.stateless_uniform([size + spare], (schedule.seed, -1)) >= schedule.dropout_rate
    return tf.where(kept, 1.0 / (1.0 - schedule.dropout_rate), 0.0)


class _State(NamedTuple):
    """Kernel [F, T * C], bias [T * C], and their momentum: tensors, as variables would halve the speed."""

    kernel: tf.Tensor
    bias: tf.Tensor
    kernel_velocity: tf.Tensor
    bias_velocity: tf.Tensor


def _zeros(num_features: int, columns: int) -> _State:
    kernel, bias = tf.zeros([num_features, columns]), tf.zeros([columns])
    return _State(kernel, bias, kernel, bias)


def _begin(zeros: _State, start: Start, centre: np.ndarray, count: int) -> _State:
    """The start, of centred features, for each of `count` trials."""
    kernel, bias = start.kernel, start.bias + centre @ start.kernel
    return zeros._replace(kernel=tf.tile(kernel, [1, count]), bias=tf.tile(bias, [count]))


@tf.function
def _train(
    head: Head, settings: _Settings, state: _State, data: Split, rows: tf.Tensor, first_step: tf.Tensor
) -> tuple[_State, tf.Tensor]:
    """One step for each of `rows` [steps, batch]; also the mean loss of each trial over them."""
    total = tf.zeros([len(settings.label_smoothing)])
    for position in tf.range(tf.shape(rows, tf.int64)[0]):
        batch = Split(*(tf.gather(values, rows[position]) for values in data))
        state, loss = _step(head, settings, state, first_step + position, batch)
        total += loss
    return state, total / tf.cast(tf.shape(rows)[0], tf.float32)


def _step(
    head: Head, settings: _Settings, state: _State, step: tf.Tensor, batch: Split
) -> tuple[_State, tf.Tensor]:
    features = _drop(settings, step, batch.features)
    with tf.GradientTape() as tape:
        tape.watch([state.kernel, state.bias])
        losses = _losses(head, state, features, batch.labels, settings.label_smoothing)
        loss = tf.reduce_mean(batch.weights[:, None] * losses, axis=0)
    kernel_gradient, bias_gradient = tape.gradient(loss, [state.kernel, state.bias])
    moved = state.kernel if settings.start is None else state.kernel - settings.start
    kernel_gradient += 2.0 * settings.l2 * moved
    if settings.l1 is not None:
        kernel_gradient += settings.l1 * tf.sign(moved)
    kernel_velocity = MOMENTUM * state.kernel_velocity + kernel_gradient
    bias_velocity = MOMENTUM * state.bias_velocity + bias_gradient
    rate = settings.learning_rate * cosine_decay(step, settings.steps)
    kernel = state.kernel - rate * kernel_velocity
    bias = state.bias - rate * settings.bias_scale * bias_velocity
    return _State(kernel, bias, kernel_velocity, bias_velocity), loss


def _drop(settings: _Settings, step: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """Features [B, F] as dropped out at this step: by a window of the pool, drawn by seed and step."""
    if settings.dropout_pool is None:
        return features
    size = tf.size(features)
    last = tf.size(settings.dropout_pool) - size
    start = tf.random.stateless_uniform([], (settings.seed, step), 0, last + 1, tf.int32)
    return features * tf.reshape(tf.slice(settings.dropout_pool, [start], [size]), tf.shape(features))


def _validation_loss(head: Head, state: _State, validation: Split | None, count: int) -> np.ndarray:
    """Mean loss of each of `count` trials over the validation split; nan without one."""
    if validation is None:
        return np.full(count, np.nan, np.float32)
    return _mean_loss(head, state, validation).numpy()


@tf.function
def _mean_loss(head: Head, state: _State, data: Split) -> tf.Tensor:
    return tf.reduce_mean(
        data.weights[:, None] * _losses(head, state, data.features, data.labels, 0.0), axis=0
    )


def _losses(
    head: Head, state: _State, features: tf.Tensor, labels: tf.Tensor, label_smoothing: tf.Tensor | float
) -> tf.Tensor:
    """The loss of each example in each trial, [B, T]."""
    logits = tf.reshape(features @ state.kernel + state.bias, [len(features), -1, head.num_classes])
    return head.loss(head.targets(labels)[:, None, :], logits, label_smoothing)


def cosine_decay(step: tf.Tensor, steps: tf.Tensor | float) -> tf.Tensor:
    """The share of the learning rate at a step: 1 at the first, near 0 at the last."""
    return 0.5 * (1.0 + tf.cos(math.pi * tf.cast(step, tf.float32) / steps))
