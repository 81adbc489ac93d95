"""The compiled loop: many steps in one call of one tf.function, under any tf.distribute strategy.

A step: forward with the heads' dropout, the `Loss`, and one update by a Keras optimizer. How many steps a
call takes changes nothing of what they do.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from retrain.model import ImageClassifier
from retrain.training.input_check import check_batches, with_checked_images
from retrain.training.loss import PARTNER, Loss, with_partners
from retrain.training.run_state import RunState
from retrain.workers.workers import Part

if TYPE_CHECKING:  # which takes a while to import
    import keras


class TrainingLoop:
    """The variables of training beyond the model's, and the compiled steps."""

    def __init__(
        self,
        model: ImageClassifier,
        optimizer: "keras.optimizers.Optimizer",
        loss: Loss,
        *,
        strategy: tf.distribute.Strategy | None = None,
        seed: int = 0,
        run_state: RunState | None = None,
    ):
        self.model, self.optimizer, self.loss, self.seed = model, optimizer, loss, seed
        self.strategy = strategy or tf.distribute.get_strategy()
        with self.strategy.scope():
            # Built before the tf.function: under a mirrored strategy the slots cannot be lifted out of one.
            optimizer.build(model.trainable_variables)
            once = tf.VariableAggregation.ONLY_FIRST_REPLICA
            self.run_state = run_state or RunState()
            self.last_loss = tf.Variable(float("nan"), name="last_loss", aggregation=once)

    @property
    def global_step(self) -> int:
        """How many steps the variables, as they are now, have been trained."""
        return int(self.run_state.global_step.numpy())

    def batches(self, dataset: tf.data.Dataset, part: Part | None = None) -> Iterator[Any]:
        """An iterator of global batches, shared out among replicas; InputError for others.

        Where a part is given, the data set holds that part of each.
        """
        check_batches(dataset, self.model)
        dataset = with_checked_images(dataset)
        if PARTNER in dataset.element_spec[0]:
            dataset = dataset.map(with_partners)
        if part is None:
            return iter(self.strategy.experimental_distribute_dataset(dataset))
        dataset = dataset.rebatch(part.counts)
        return iter(self.strategy.distribute_datasets_from_function(lambda context: dataset))

    @tf.function
    def take_steps(self, batches: Iterator[Any], count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Whether the input ended, the sum of the steps' losses, and seconds spent on waiting for input."""
        ended, total, waited = tf.constant(False), tf.constant(0.0), tf.constant(0.0, tf.float64)
        for _ in tf.range(count):
            # The step is read after all that the last one changed: what follows has waited for its end.
            with tf.control_dependencies([self.run_state.global_step.read_value()]):
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
            with tf.control_dependencies([loss]):
                self.run_state.global_step.assign_add(1)
        return ended, total, waited

    @tf.function(reduce_retracing=True, autograph=False)
    def predictions(self, inputs: dict[str, tf.Tensor]) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Logits and probabilities by task."""
        logits = self.model.logits(self.model.features(inputs))
        return {
            task: (logits[task], head.probabilities(logits[task])) for task, head in self.model.heads.items()
        }

    def take_averages(self) -> None:
        """Gives the model's variables their moving averages, where the optimizer keeps some."""
        if self.optimizer.use_ema and self.global_step:
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

    def _step(self, batch: tuple[Any, ...]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            features = self.model.features(batch[0], training=True)
            seed = tf.constant(self.seed, tf.int64), self.run_state.global_step.read_value()
            logits = self.model.logits(features, seed, _rows_before(features))
            # Keras sums the replicas' gradients, so each brings its share of the loss.
            loss = self.loss.of_batch(self.model, logits, batch)
            loss += self.loss.penalty(self.model) / self.strategy.num_replicas_in_sync
        variables = self.model.trainable_variables
        pairs = zip(tape.gradient(loss, variables), variables, strict=True)
        with tf.control_dependencies([loss]):  # what fails is no step
            self.optimizer.apply_gradients([(gradient, v) for gradient, v in pairs if gradient is not None])
        return loss


def _rows_before(features: tf.Tensor) -> tf.Tensor | int:
    """How many rows of the global batch lie with the replicas before this one."""
    replica = tf.distribute.get_replica_context()
    replicas, number = replica.num_replicas_in_sync, replica.replica_id_in_sync_group
    if replicas == 1:
        return 0
    count = replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.shape(features)[0])
    return number * (count // replicas) + tf.minimum(number, count % replicas)
