"""One step of many heads on the same batch, and many such steps in one call.

The kernels of all heads stand side by side, float32 [F, columns], so that a step is one plain product
[batch, F] x [F, columns] in each direction. Nothing mixes the columns of two heads. The update is gradient
descent with momentum, whose rate falls to zero along a cosine (Loshchilov & Hutter 2017).

A head's rate is multiplied into its small gradient of the logits [batch, columns], and thus into its momentum
too: a pass over [F, columns] costs as much as half of a product. Compiled by XLA, these passes are one, which
takes a third off a step, and half off a small one; but compiling takes a second, so that only long trainings
are worth it (`budget` says which).
"""

from typing import NamedTuple

import tensorflow as tf

from retrain.heads.head import Head

MOMENTUM = 0.9


class Examples(NamedTuple):
    """What batches are taken from.

    Attributes:
      features: [M, F], not centred, of more than these examples.
      places: int32 [N], the row of the features that each example has.
      centre: [F].
      labels: encoded, [N, tasks, ...].
      weights: [N, folds, weightings].
    """

    features: tf.Tensor
    places: tf.Tensor
    centre: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor


class Batch(NamedTuple):
    """Some examples: centred features [B, F], labels [B, tasks, ...], and weights [B, folds, weightings]."""

    features: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor


def batch_of(examples: Examples, rows: tf.Tensor) -> Batch:
    """The examples at these rows, int32 [B]; the only ones whose features are centred, and take memory."""
    features = tf.gather(examples.features, tf.gather(examples.places, rows)) - examples.centre
    return Batch(features, tf.gather(examples.labels, rows), tf.gather(examples.weights, rows))


class Hyperparameters(NamedTuple):
    """What the heads differ in, a value for each column, or each head where it says so.

    The penalties are multiplied by the learning rate. Those fields are None that no head needs.

    Attributes:
      weighting: int [candidates], which of the weightings of the examples a candidate has, in all folds.
      task: int [heads], which of the labels of an example a head is of; None where each has one.
      label_smoothing: [heads, 1].
      start: the kernels [F, columns] from which penalties are measured; else zero.
      shift: [F, columns], where the examples of a column's fold have their mean, seen from that of all; of
        several folds only. Around the mean of all, what is held out would lie opposite to what a head learns
        from, and a rare class, whose kernel points away from everything, would be seen in all of it.
    """

    learning_rate: tf.Tensor
    bias_learning_rate: tf.Tensor
    l2: tf.Tensor
    l1: tf.Tensor | None
    label_smoothing: tf.Tensor | None
    weighting: tf.Tensor
    task: tf.Tensor | None = None
    start: tf.Tensor | None = None
    shift: tf.Tensor | None = None


class State(NamedTuple):
    """Kernel [F, columns], bias [columns], and their momentum: tensors, as variables are slower."""

    kernel: tf.Tensor
    bias: tf.Tensor
    kernel_velocity: tf.Tensor
    bias_velocity: tf.Tensor


class Batches(NamedTuple):
    """What each step of a training sees.

    Attributes:
      rows: int32 [steps, batch], of the examples that are given for the step.
      decay: float32 [steps], the share of the learning rate that is left.
      dropout_pool: factors 0 and 1 / (1 - rate), [more than batch, F], or None.
      windows: int32 [steps], the first row in the pool of each step.
    """

    rows: tf.Tensor
    decay: tf.Tensor
    dropout_pool: tf.Tensor | None
    windows: tf.Tensor


class Steps(NamedTuple):
    """From one step to before another, int32."""

    begin: tf.Tensor
    end: tf.Tensor


def _train_steps(
    head: Head, hyper: Hyperparameters, state: State, examples: Examples, batches: Batches, steps: Steps
) -> tuple[State, tf.Tensor]:
    """The state after these steps; also the loss [heads], summed over them.

    Every call of a training has arguments of the same shapes: each other one would be compiled again.
    """

    def step(position: tf.Tensor, state: State, total: tf.Tensor) -> tuple[tf.Tensor, State, tf.Tensor]:
        batch = batch_of(examples, batches.rows[position])
        if batches.dropout_pool is not None:
            # Not as a slice, whose beginning XLA wants to know when it compiles.
            window = batches.windows[position] + tf.range(tf.shape(batches.rows)[1])
            batch = batch._replace(features=batch.features * tf.gather(batches.dropout_pool, window))
        following, loss = _step(head, hyper, state, batch, batches.decay[position])
        for new, old in zip((*following, loss), (*state, total), strict=True):
            new.set_shape(old.shape)  # which a trace for any number of heads cannot tell where it is 1
        return position + 1, following, total + loss

    total = tf.zeros([tf.size(state.bias) // head.num_classes])
    first = (steps.begin, state, total)
    _, state, total = tf.while_loop(lambda position, *_: position < steps.end, step, first)
    return state, total


# Without autograph, whose reading of all the sources takes longer than a small training does.
train_steps = tf.function(_train_steps, reduce_retracing=True, autograph=False)
compiled_train_steps = tf.function(_train_steps, reduce_retracing=True, autograph=False, jit_compile=True)


def _step(
    head: Head, hyper: Hyperparameters, state: State, batch: Batch, decay: tf.Tensor
) -> tuple[State, tf.Tensor]:
    logits = _logits(head, state, batch.features)
    smoothing = 0.0 if hyper.label_smoothing is None else hyper.label_smoothing
    weights = _weights(hyper, batch)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = head.loss(_targets(head, batch.labels, hyper.task), logits, smoothing)
        loss = tf.reduce_mean(weights * losses, axis=0)
    gradient = tf.reshape(tape.gradient(loss, logits), [-1, tf.size(state.bias)])
    summed = tf.reduce_sum(gradient, axis=0)
    kernel_velocity = tf.add_n(
        [
            MOMENTUM * state.kernel_velocity,
            tf.matmul(batch.features, hyper.learning_rate * gradient, transpose_a=True),
            *([] if hyper.shift is None else [-hyper.shift * (hyper.learning_rate * summed)]),
            *_penalties(hyper, state.kernel),
        ]
    )
    bias_velocity = MOMENTUM * state.bias_velocity + hyper.bias_learning_rate * summed
    kernel, bias = state.kernel - decay * kernel_velocity, state.bias - decay * bias_velocity
    if hyper.shift is not None:
        # The bias at the mean of all, when that at the fold's own has changed so, and the kernel.
        bias += decay * tf.reduce_sum(hyper.shift * kernel_velocity, axis=0)
    return State(kernel, bias, kernel_velocity, bias_velocity), loss


def _penalties(hyper: Hyperparameters, kernel: tf.Tensor) -> list[tf.Tensor]:
    moved = kernel if hyper.start is None else kernel - hyper.start
    l1 = [] if hyper.l1 is None else [hyper.l1 * tf.sign(moved)]
    return [hyper.l2 * moved, *l1]


def _weights(hyper: Hyperparameters, batch: Batch) -> tf.Tensor:
    """The weight of each example in each head, [B, heads]: heads of a fold stand together."""
    weights = tf.gather(batch.weights, hyper.weighting, axis=2)
    return tf.reshape(weights, [-1, tf.size(weights[0])])


def _targets(head: Head, labels: tf.Tensor, task: tf.Tensor | None) -> tf.Tensor:
    """[B, heads, C], or [B, 1, C] where there is one task."""
    targets = head.targets(labels)
    return targets if task is None else tf.gather(targets, task, axis=1)


def _logits(head: Head, state: State, features: tf.Tensor) -> tf.Tensor:
    """[B, heads, C]."""
    return tf.reshape(features @ state.kernel + state.bias, [tf.shape(features)[0], -1, head.num_classes])


@tf.function(reduce_retracing=True, autograph=False)
def total_losses(
    head: Head, state: State, examples: Batch, task: tf.Tensor | None, temperatures: tf.Tensor
) -> tf.Tensor:
    """The weighted loss of each head over the examples at each temperature, [temperatures, heads].

    Examples have one weight each, [B, 1, 1]; `task` is int [heads], where they have labels of several tasks.
    """
    logits, targets = _logits(head, state, examples.features), _targets(head, examples.labels, task)

    def at(temperature: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(
            examples.weights[:, 0] * head.loss(targets, head.tempered(logits, temperature)), axis=0
        )

    return tf.map_fn(at, temperatures)
