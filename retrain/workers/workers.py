"""All that train together, as one of them sees it: its part of the work, and what all agree upon.

What differs between workers, such as a clock or a disk, decides nothing before they have agreed: each must
take the same steps, in calls of the same length. They agree by tf.distribute's collectives; one alone agrees
with itself, at once.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import tensorflow as tf

from retrain.workers.cluster import JOBS

NOTHING = np.zeros(1, np.int64)


class Part(NamedTuple):
    """Rows of every global batch: from `first` on as many for each replica of this worker as `counts` say."""

    first: int
    counts: tuple[int, ...]

    @property
    def rows(self) -> slice:
        return slice(self.first, self.first + sum(self.counts))


class Workers:
    """This worker among `count`; the one of index 0 is the chief, who alone writes results.

    Args:
      strategy: what trains on several devices, or None.
      leave: tells the others that they need not wait for this one any more.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy | None = None,
        index: int = 0,
        count: int = 1,
        leave: Callable[[], None] = lambda: None,
    ):
        self.strategy, self.leave = strategy, leave
        self.index, self.count = index, count
        self._sum = None if count == 1 else _summing(strategy, count)

    @classmethod
    def of(cls, strategy: tf.distribute.Strategy | None) -> Self:
        """Those of a strategy that somebody else has made."""
        resolver = getattr(strategy, "cluster_resolver", None)
        jobs = resolver.cluster_spec().as_dict() if resolver is not None else {}
        tasks = [(job, number) for job in JOBS for number in range(len(jobs.get(job, ())))]
        if len(tasks) < 2:
            return cls(strategy)
        return cls(strategy, tasks.index((resolver.task_type, resolver.task_id)), len(tasks))

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Where variables are made of which every device has a copy."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @property
    def replicas(self) -> int:
        """On how many devices a batch is shared out."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def total(self, values: np.ndarray) -> np.ndarray:
        """The sum of what the workers give: of one shape, int32, int64, float32 or float64."""
        if self.count == 1:
            return values
        return self._sum(tf.constant(values.reshape(-1))).numpy().reshape(values.shape)

    def chiefs(self, values: np.ndarray) -> np.ndarray:
        """What the chief gives."""
        return self.total(values if self.is_chief else np.zeros_like(values))

    def chiefs_number(self, number: int) -> int:
        """What the chief gives."""
        return int(self.chiefs(np.array([number], np.int64))[0])

    def chiefs_figures(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """The figures with the chief's numbers."""
        names = [name for name, value in figures.items() if isinstance(value, float)]
        values = self.chiefs(np.array([figures[name] for name in names], np.float64))
        return {**figures, **dict(zip(names, map(float, values), strict=True))}

    def any(self, truth: Any) -> bool:
        """Whether it is true for one of them."""
        return bool(self.total(np.array([bool(truth)], np.int64))[0])

    def wait_for_all(self) -> None:
        """Until all have come so far."""
        self.total(NOTHING)

    def take_chiefs(self, variables: Iterable[tf.Variable]) -> None:
        """Gives the variables the chief's values."""
        if self.count > 1:
            for variable in variables:
                variable.assign(self.chiefs(self._copy_here(variable).numpy()))

    def _copy_here(self, variable: tf.Variable) -> tf.Variable:
        """Not the whole, which of some variables is the mean over all workers whenever it is read."""
        return variable if self.strategy is None else self.strategy.experimental_local_results(variable)[0]

    def part(self, batch_size: int) -> Part | None:
        """What this worker decodes of a batch; None where it is all."""
        if self.count == 1:
            return None
        counts = [len(rows) for rows in np.array_split(np.arange(batch_size), self.replicas)]
        local = self.replicas // self.count
        first = self.index * local
        return Part(sum(counts[:first]), tuple(counts[first : first + local]))


ALONE = Workers()


def _summing(strategy: tf.distribute.Strategy, count: int) -> Any:
    def on_replica(values: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        local = context.replica_id_in_sync_group % (strategy.num_replicas_in_sync // count)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.where(local == 0, values, 0))

    def summed(values: tf.Tensor) -> tf.Tensor:
        return strategy.experimental_local_results(strategy.run(on_replica, (values,)))[0]

    @functools.cache
    def of_type(dtype: tf.DType) -> Any:
        return tf.function(summed, input_signature=[tf.TensorSpec([None], dtype)], autograph=False)

    return lambda values: of_type(values.dtype)(values)
