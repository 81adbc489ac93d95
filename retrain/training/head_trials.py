"""Trains many heads on the same features at once: one trial is a small matrix problem, a hundred are a larger one.

All trials see the same batches and, at one rate, the same dropped features, so a step is one plain product
[batch, features] x [features, trials x classes] in each direction, and the whole training is one call of one
tf.function. Nothing mixes the columns of two trials: a trial gives the same head alone and among others.
The update is gradient descent with momentum and a rate that falls to zero along a cosine (Loshchilov & Hutter 2017).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.data.pipeline import index_batches
from retrain.heads.head import Head, Labels
from retrain.model import drop_features

MOMENTUM = 0.9
READINGS = 20  # how often the losses are read along the way


class Trial(NamedTuple):
    """The settings in which trials of a group may differ, as in Config; penalties are sums over the kernel."""

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

    def rows(self, chosen: np.ndarray) -> "Split":
        """The split of these rows only: a mask, or positions."""
        return Split(*(values[chosen] for values in self))


class TrainedHeads(NamedTuple):
    """The trials' heads and how they came to be.

    Attributes:
      kernels: float32 [trials, F, C].
      biases: float32 [trials, C].
      losses: float32 [readings, 2, trials]: mean loss over the training batches since the last reading, and over
        the validation split (nan without one); the last reading is of the heads as they are returned.
      steps: int [readings], the step of each reading.
    """

    kernels: np.ndarray
    biases: np.ndarray
    losses: np.ndarray
    steps: np.ndarray


def train_heads(
    head: Head, trials: Sequence[Trial], schedule: Schedule, train: Split, validation: Split | None
) -> TrainedHeads:
    """Trains one head for each trial, from zeros. A trial that diverges has losses that are not finite."""
    group = _Group(head, trials, schedule, train.features.shape[1])
    data = [tf.constant(values) for values in train]
    batches = index_batches(len(train.labels), schedule.batch_size, schedule.seed).take(schedule.steps)
    losses, steps = [], [0]
    for rows in batches.batch(math.ceil(schedule.steps / READINGS)):
        training_loss = group.train(*data, rows, tf.constant(steps[-1], tf.int64))
        losses.append([training_loss.numpy(), group.validation_loss(validation)])
        steps.append(steps[-1] + len(rows))
    kernels, biases = group.heads()
    return TrainedHeads(kernels, biases, np.asarray(losses), np.asarray(steps[1:]))


def best_trial(heads: TrainedHeads) -> int:
    """The index of the trial with the lowest validation loss (training loss without one); diverged ones never win."""
    training, validation = heads.losses[-1]
    final = training if np.isnan(validation).all() else validation
    return int(np.where(np.isfinite(final), final, np.inf).argmin())


class _Group:
    """The weights of all trials, kernel [F, T * C] and bias [T * C], and their momentum."""

    def __init__(self, head: Head, trials: Sequence[Trial], schedule: Schedule, num_features: int):
        self.head, self.schedule = head, schedule
        self.shape = (len(trials), head.num_classes)
        columns = len(trials) * head.num_classes
        self.kernel, self.bias = (
            tf.Variable(tf.zeros(shape)) for shape in ([num_features, columns], [columns])
        )
        self.velocities = [tf.Variable(tf.zeros(v.shape)) for v in (self.kernel, self.bias)]
        values = np.asarray(trials, np.float32).T
        rate, l2, l1 = (np.repeat(row, head.num_classes) for row in values[:3])
        self.learning_rate, self.l2, self.l1 = tf.constant(rate), tf.constant(l2), tf.constant(l1)
        self.label_smoothing = tf.constant(values[3][:, None])

    @tf.function(reduce_retracing=True)
    def train(
        self,
        features: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        rows: tf.Tensor,
        first_step: tf.Tensor,
    ) -> tf.Tensor:
        """One step for each of `rows` [steps, batch]; returns the mean loss of each trial over them."""
        total = tf.zeros([self.shape[0]])
        for position in tf.range(tf.shape(rows, tf.int64)[0]):
            batch = [tf.gather(values, rows[position]) for values in (features, labels, weights)]
            total += self._step(first_step + position, *batch)
        return total / tf.cast(tf.shape(rows)[0], tf.float32)

    def _step(self, step: tf.Tensor, features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        if self.schedule.dropout_rate:
            features = drop_features(features, self.schedule.dropout_rate, (self.schedule.seed, step))
        targets = self.head.targets(labels)[:, None, :]
        with tf.GradientTape() as tape:
            logits = self._logits(features)
            loss = tf.reduce_mean(
                weights[:, None] * self.head.loss(targets, logits, self.label_smoothing), axis=0
            )
        kernel_gradient, bias_gradient = tape.gradient(loss, (self.kernel, self.bias))
        kernel_gradient += 2.0 * self.l2 * self.kernel
        if np.any(self.l1):
            kernel_gradient += self.l1 * tf.sign(self.kernel)
        rate = self.learning_rate * cosine_decay(step, self.schedule.steps)
        gradients = (kernel_gradient, bias_gradient)
        for variable, velocity, gradient in zip(
            (self.kernel, self.bias), self.velocities, gradients, strict=True
        ):
            velocity.assign(MOMENTUM * velocity + gradient)
            variable.assign_sub(rate * velocity)
        return loss

    def validation_loss(self, validation: Split | None) -> np.ndarray:
        """Mean loss of each trial over the validation split, [T]."""
        if validation is None:
            return np.full(self.shape[0], np.nan, np.float32)
        return self._mean_loss(*(tf.constant(values) for values in validation)).numpy()

    @tf.function
    def _mean_loss(self, features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        targets = self.head.targets(labels)[:, None, :]
        return tf.reduce_mean(weights[:, None] * self.head.loss(targets, self._logits(features)), axis=0)

    def _logits(self, features: tf.Tensor) -> tf.Tensor:
        return tf.reshape(features @ self.kernel + self.bias, [-1, *self.shape])

    def heads(self) -> tuple[np.ndarray, np.ndarray]:
        kernels = self.kernel.numpy().reshape(-1, *self.shape).transpose(1, 0, 2)
        return kernels, self.bias.numpy().reshape(self.shape)


def cosine_decay(step: tf.Tensor, steps: int) -> tf.Tensor:
    """The share of the learning rate at a step: 1 at the first, near 0 at the last."""
    return 0.5 * (1.0 + tf.cos(math.pi * tf.cast(step, tf.float32) / steps))
