"""The training loss: what the heads lose on a batch, and penalties on weights.

For each task it is the mean of weight x loss over the examples that have a label of it, summed over tasks,
each by its own weight; penalties on the heads' kernels and, when it is trained, the base's own regularization
losses are added. Means are over the whole batch, however unevenly it is shared out among the replicas.

An image that holds parts of two, as the inputs `share` [B] and `partner` [B] (a row of the batch) say, has
`share` of its own loss and the rest of its partner's labels' loss.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import tensorflow as tf

from retrain.heads.head import Head
from retrain.model import ImageClassifier
from retrain.settings.pixels import PixelSettings

SHARE, PARTNER = "share", "partner"
WEIGHTS = "Weights are finite numbers, but an input_fn gave"

# Labels by task as heads encode them, [B, ...]; then, where there are any, weights [B], or such by task.
Targets = tuple[Any, ...]


class Loss(NamedTuple):
    """What is minimized; evaluation has no part of it but the weights of the tasks.

    Attributes:
      label_smoothing: the share of each label that is spread over all classes.
      l1_regularizer, l2_regularizer: weights of the sums of |w| and of w^2 over the heads' kernels.
      task_weights: what the loss of each task counts, 1 where nothing is said.
    """

    label_smoothing: float = 0.0
    l1_regularizer: float = 0.0
    l2_regularizer: float = 0.0
    task_weights: Mapping[str, float] = MappingProxyType({})

    @classmethod
    def of(cls, pixels: PixelSettings, task_weights: Mapping[str, float] = MappingProxyType({})) -> Self:
        """The loss that settings with all values filled in ask for."""
        return cls(pixels.label_smoothing, pixels.l1_regularizer, pixels.l2_regularizer, task_weights)

    def of_batch(self, model: ImageClassifier, logits: Mapping[str, tf.Tensor], batch: Targets) -> tf.Tensor:
        """This replica's share of the loss of a batch (inputs, labels) or (inputs, labels, weights).

        Of each task it is the sum over this replica's examples, divided by how many of all have a label.
        """
        inputs, *targets = batch
        replicas, total = tf.distribute.get_replica_context(), 0.0
        for task, head in model.heads.items():
            losses, known = self._of_examples(task, head, logits[task], targets)
            if PARTNER in inputs:
                others = self._of_examples(task, head, logits[task], inputs[PARTNER])
                share = inputs[SHARE]
                losses, known = (
                    share * own + (1.0 - share) * other
                    for own, other in zip((losses, known), others, strict=True)
                )
            count = replicas.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(known))
            total += self._weight(task) * tf.math.divide_no_nan(tf.reduce_sum(losses), count)
        return total

    def penalty(self, model: ImageClassifier) -> tf.Tensor:
        """What the weights cost, whatever the batch."""
        l1, l2 = self.l1_regularizer, self.l2_regularizer
        kernels = model.kernels.values() if l1 or l2 else ()
        penalty = sum(l1 * tf.reduce_sum(tf.abs(k)) + l2 * tf.reduce_sum(k * k) for k in kernels)
        return penalty + sum(loss() for loss in model.regularization_losses)

    def of_chance(self, heads: Mapping[str, Head]) -> float:
        """The loss of a model that knows nothing."""
        return sum(self._weight(task) * head.chance_loss for task, head in heads.items())

    def _of_examples(
        self, task: str, head: Head, logits: tf.Tensor, targets: Targets
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Weight x loss of each example in one task, and 1 for those that have a label of it, else 0."""
        labels, *weights = targets
        perfect = head.targets(head.taken(of_task(labels, task), task))
        losses = head.loss(perfect, logits, self.label_smoothing)
        known = tf.cast(head.known(perfect), tf.float32)
        for given in weights:
            losses *= tf.reshape(_finite(tf.cast(of_task(given, task), tf.float32)), tf.shape(losses))
        return losses, known

    def _weight(self, task: str) -> float:
        return self.task_weights.get(task, 1.0)


PLAIN = Loss()


def _finite(weights: tf.Tensor) -> tf.Tensor:
    """The weights; InvalidArgumentError, with a sentence, for nan and infinity."""
    finite = tf.math.is_finite(weights)
    given = tf.boolean_mask(weights, ~finite)[:1]
    # Not tf.debugging.Assert, whose message is another one outside of graphs.
    check = tf.raw_ops.Assert(condition=tf.reduce_all(finite), data=[WEIGHTS, given])
    with tf.control_dependencies([check]):
        return tf.identity(weights)


def of_task(values: Any, task: str) -> Any:
    """The labels, or weights, of a task; all those that there are where they have no names."""
    return values[task] if isinstance(values, Mapping) else values


def with_partners(inputs: dict[str, tf.Tensor], *targets: Any) -> Targets:
    """The batch with the targets of each partner in the place of its row, for replicas to share out."""
    of_partners = tf.nest.map_structure(lambda values: tf.gather(values, inputs[PARTNER]), targets)
    return {**inputs, PARTNER: of_partners}, *targets
