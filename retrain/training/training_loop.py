"""The general training loop: many steps in one call of one tf.function, under any tf.distribute strategy.

A step: forward with the heads' dropout; for each task the mean of weight x loss over the examples that have a
label of it, summed over tasks (each by its own weight, 1 unless given); penalties on the heads' kernels, the
base's own regularization losses when it is trained; and one update by a Keras optimizer. Means are over the
whole batch, however unevenly it is shared out among the replicas.

An image that holds parts of two, as the inputs `share` [B] and `partner` [B] (a row of the batch) say, has
`share` of its own loss and the rest of its partner's labels' loss.
"""

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from retrain.model import ImageClassifier
from retrain.training.run_state import RunState

STEPS_PER_CALL = 50
# What a call should not exceed: after it, a signal is noticed and a line is logged.
SECONDS_PER_CALL = 2.0
SHARE, PARTNER = "share", "partner"


class Penalties(NamedTuple):
    """Weights of the sums of |w| and of w^2 over the heads' kernels."""

    l1: float = 0.0
    l2: float = 0.0


NO_PENALTIES = Penalties()


class Reading(NamedTuple):
    """What some steps gave: the last of them, how many, their mean loss, seconds, and those of waiting."""

    step: int
    steps: int
    loss: float
    seconds: float
    input_wait: float


class TrainingLoop:
    """The variables of training beyond the model's, and the compiled step."""

    def __init__(
        self,
        model: ImageClassifier,
        optimizer: keras.optimizers.Optimizer,
        strategy: tf.distribute.Strategy,
        seed: int,
        label_smoothing: float,
        penalties: Penalties,
        task_weights: Mapping[str, float] = MappingProxyType({}),
        run_state: RunState | None = None,
    ):
        self.model, self.optimizer, self.strategy = model, optimizer, strategy
        self.seed, self.label_smoothing, self.penalties = seed, label_smoothing, penalties
        self.task_weights = MappingProxyType(dict(task_weights))
        with strategy.scope():
            # Built before the tf.function: under a mirrored strategy the slots cannot be lifted out of one.
            optimizer.build(model.trainable_variables)
            once = tf.VariableAggregation.ONLY_FIRST_REPLICA
            self.run_state = run_state or RunState()
            self.last_loss = tf.Variable(float("nan"), name="last_loss", aggregation=once)

    @property
    def global_step(self) -> tf.Variable:
        """How many steps were taken."""
        return self.run_state.global_step

    def batches(self, dataset: tf.data.Dataset) -> Iterator[Any]:
        """An iterator of global batches, shared out among the replicas."""
        if PARTNER in dataset.element_spec[0]:
            dataset = dataset.map(_with_partners)
        return iter(self.strategy.experimental_distribute_dataset(dataset))

    def readings(
        self,
        batches: Iterator[Any],
        stop: int | None,
        every: Collection[int] = (),
        at: Collection[int] = (),
    ) -> Iterator[Reading]:
        """Trains up to the step `stop` or the input's end; a reading after each call of a few steps.

        One is at each multiple of the numbers in `every`, and at each step in `at`. How many steps a call
        takes changes nothing else.
        """
        ended, count = False, 1
        while not ended and self._step_now() != stop:
            before, start = self._step_now(), time.monotonic()
            bounds = [n - before % n for n in every]
            bounds += [pause - before for pause in (*at, stop) if pause is not None and pause > before]
            ended, losses, waited = self._steps(batches, tf.constant(min([count, *bounds])))
            seconds, taken = time.monotonic() - start, self._step_now() - before
            if taken:
                yield Reading(before + taken, taken, float(losses) / taken, seconds, float(waited))
                fitting = int(SECONDS_PER_CALL * taken / seconds)
                count = min(max(1, fitting), 2 * count, STEPS_PER_CALL)

    def take_averages(self) -> None:
        """Gives the model's variables their moving averages, where the optimizer keeps some."""
        if self.optimizer.use_ema and self._step_now():
            self.optimizer.finalize_variable_values(list(self.model.trainable_variables))

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the model's variables are their moving averages, where the optimizer keeps some."""
        variables = list(self.model.trainable_variables) if self.optimizer.use_ema else []
        values = [variable.numpy() for variable in variables]
        self.take_averages()
        try:
            yield
        finally:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    @tf.function(reduce_retracing=True)
    def predictions(self, inputs: dict[str, tf.Tensor]) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Logits and probabilities by task."""
        logits = self.model.logits(self.model.features(inputs))
        return {
            task: (logits[task], head.probabilities(logits[task])) for task, head in self.model.heads.items()
        }

    def _step_now(self) -> int:
        return int(self.global_step.numpy())

    @tf.function
    def _steps(self, batches: Iterator[Any], count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Whether the input ended, the sum of the steps' losses, and seconds spent on waiting for input."""
        ended, total, waited = tf.constant(False), tf.constant(0.0), tf.constant(0.0, tf.float64)
        for _ in tf.range(count):
            # The step is read after all that the last one changed: what follows has waited for its end.
            with tf.control_dependencies([self.global_step.read_value()]):
                asked = tf.timestamp()
            with tf.control_dependencies([asked]):
                # Not next(): what does not read the batch, such as the count, would not wait for it.
                batch = batches.get_next_as_optional()
            with tf.control_dependencies([batch.has_value()]):
                waited += tf.timestamp() - asked
            if not batch.has_value():
                ended = tf.constant(True)
                break
            losses = self.strategy.run(self._step, args=(batch.get_value(),))
            loss = self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
            self.last_loss.assign(loss)
            total += loss
            self.global_step.assign_add(1)
        return ended, total, waited

    def _step(self, batch: tuple[Any, ...]) -> tf.Tensor:
        inputs, labels, *weights = batch
        with tf.GradientTape() as tape:
            logits = self.model.logits(self.model.features(inputs, training=True), self._dropout_seed())
            # Keras sums the replicas' gradients, so each brings its share of the loss.
            loss = self._data_loss(logits, inputs, labels, *weights)
            loss += self._penalty() / self.strategy.num_replicas_in_sync
        variables = self.model.trainable_variables
        pairs = zip(tape.gradient(loss, variables), variables, strict=True)
        self.optimizer.apply_gradients([(gradient, v) for gradient, v in pairs if gradient is not None])
        return loss

    def _dropout_seed(self) -> tuple[tf.Tensor, tf.Tensor]:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        draw = self.global_step * self.strategy.num_replicas_in_sync + tf.cast(replica, tf.int64)
        return tf.constant(self.seed, tf.int64), draw

    def _data_loss(
        self,
        logits: dict[str, tf.Tensor],
        inputs: dict[str, Any],
        labels: dict[str, tf.Tensor],
        weights: tf.Tensor | dict[str, tf.Tensor] | None = None,
    ) -> tf.Tensor:
        """Of each task the sum over this replica's examples, divided by how many of all have a label."""
        replicas, total = tf.distribute.get_replica_context(), 0.0
        for task in self.model.heads:
            losses, known = self._losses(task, logits[task], labels, weights)
            if PARTNER in inputs:
                others = self._losses(task, logits[task], *inputs[PARTNER])
                share = inputs[SHARE]
                losses, known = (
                    share * own + (1.0 - share) * other
                    for own, other in zip((losses, known), others, strict=True)
                )
            count = replicas.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(known))
            mean = tf.math.divide_no_nan(tf.reduce_sum(losses), count)
            total += self.task_weights.get(task, 1.0) * mean
        return total

    def _losses(
        self,
        task: str,
        logits: tf.Tensor,
        labels: dict[str, tf.Tensor],
        weights: tf.Tensor | dict[str, tf.Tensor] | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Weight x loss of each example in one task, and 1 for those that have a label of it, else 0."""
        head = self.model.heads[task]
        targets = head.targets(labels[task])
        losses = head.loss(targets, logits, self.label_smoothing)
        weights = weights[task] if isinstance(weights, Mapping) else weights
        known = tf.cast(head.known(targets), tf.float32)
        return losses if weights is None else losses * weights, known

    def _penalty(self) -> tf.Tensor:
        l1, l2 = self.penalties
        kernels = self.model.kernels.values() if l1 or l2 else ()
        penalty = sum(l1 * tf.reduce_sum(tf.abs(k)) + l2 * tf.reduce_sum(k * k) for k in kernels)
        return penalty + sum(loss() for loss in self.model.regularization_losses)


def _with_partners(inputs: dict[str, tf.Tensor], labels: Any, *weights: tf.Tensor) -> tuple[Any, ...]:
    """The batch with (labels, weights) of each partner in its place, which replicas then may share out."""
    of_partners = tf.nest.map_structure(lambda values: tf.gather(values, inputs[PARTNER]), (labels, *weights))
    return {**inputs, PARTNER: of_partners}, labels, *weights
