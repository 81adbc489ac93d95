"""The general training loop: many steps in one call of one tf.function, under any tf.distribute strategy.

A step: forward with the heads' dropout, the mean over the examples of weight x loss summed over tasks (each
by its own weight, 1 unless given), penalties on the heads' kernels, the base's own regularization losses when
it is trained, and one update by a Keras optimizer. The mean is over the whole batch, however unevenly it is
shared out among the replicas.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from retrain.model import ImageClassifier
from retrain.training.run_state import RunState

STEPS_PER_CALL = 50


class Penalties(NamedTuple):
    """Weights of the sums of |w| and of w^2 over the heads' kernels."""

    l1: float = 0.0
    l2: float = 0.0


NO_PENALTIES = Penalties()


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
    ):
        self.model, self.optimizer, self.strategy = model, optimizer, strategy
        self.seed, self.label_smoothing, self.penalties = seed, label_smoothing, penalties
        self.task_weights = MappingProxyType(dict(task_weights))
        with strategy.scope():
            # Built before the tf.function: under a mirrored strategy the slots cannot be lifted out of one.
            optimizer.build(model.trainable_variables)
            once = tf.VariableAggregation.ONLY_FIRST_REPLICA
            self.run_state = RunState()
            self.last_loss = tf.Variable(float("nan"), name="last_loss", aggregation=once)

    @property
    def global_step(self) -> tf.Variable:
        """How many steps were taken."""
        return self.run_state.global_step

    def batches(self, dataset: tf.data.Dataset) -> Iterator[Any]:
        """An iterator of global batches, shared out among the replicas."""
        return iter(self.strategy.experimental_distribute_dataset(dataset))

    def advance(self, batches: Iterator[Any], limit: int | None) -> bool:
        """Takes up to STEPS_PER_CALL steps, `limit` at most; whether the input ended before."""
        count = STEPS_PER_CALL if limit is None else min(limit, STEPS_PER_CALL)
        return bool(self._steps(batches, tf.constant(count)))

    @tf.function(reduce_retracing=True)
    def predictions(self, inputs: dict[str, tf.Tensor]) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Logits and probabilities by task."""
        logits = self.model.logits(self.model.features(inputs))
        return {
            task: (logits[task], head.probabilities(logits[task])) for task, head in self.model.heads.items()
        }

    @tf.function
    def _steps(self, batches: Iterator[Any], count: tf.Tensor) -> tf.Tensor:
        ended = tf.constant(False)
        for _ in tf.range(count):
            # Not next(): what does not read the batch, such as the count of steps, would not wait for it.
            batch = batches.get_next_as_optional()
            if not batch.has_value():
                ended = tf.constant(True)
                break
            losses = self.strategy.run(self._step, args=(batch.get_value(),))
            self.last_loss.assign(self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None))
            self.global_step.assign_add(1)
        return ended

    def _step(self, batch: tuple[Any, ...]) -> tf.Tensor:
        inputs, labels, *weights = batch
        with tf.GradientTape() as tape:
            logits = self.model.logits(self.model.features(inputs, training=True), self._dropout_seed())
            # Keras sums the replicas' gradients, so each brings its share of the loss.
            loss = self._data_loss(logits, labels, weights)
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
        self, logits: dict[str, tf.Tensor], labels: dict[str, tf.Tensor], weights: list[tf.Tensor]
    ) -> tf.Tensor:
        """The sum over this replica's examples, divided by the number of examples of all replicas."""
        losses = sum(
            self.task_weights.get(task, 1.0)
            * head.loss(head.targets(labels[task]), logits[task], self.label_smoothing)
            for task, head in self.model.heads.items()
        )
        replicas = tf.distribute.get_replica_context()
        count = replicas.all_reduce(tf.distribute.ReduceOp.SUM, tf.cast(tf.size(losses), tf.float32))
        return tf.reduce_sum(losses * weights[0] if weights else losses) / count

    def _penalty(self) -> tf.Tensor:
        l1, l2 = self.penalties
        kernels = self.model.kernels.values() if l1 or l2 else ()
        penalty = sum(l1 * tf.reduce_sum(tf.abs(k)) + l2 * tf.reduce_sum(k * k) for k in kernels)
        return penalty + sum(loss() for loss in self.model.regularization_losses)
