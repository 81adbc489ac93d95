"""Where the variables of a strategy of tf.distribute have one value each, as those outside of it do."""

import contextlib
from typing import Any

import tensorflow as tf


def one_replica(strategy: tf.distribute.Strategy) -> tf.distribute.ReplicaContext:
    """Within, they read and assign as those of the first replica that this process has."""
    first = strategy.extended._get_replica_id_in_sync_group(0)
    return tf.distribute.ReplicaContext(strategy, replica_id_in_sync_group=first)


def one_replica_here() -> contextlib.AbstractContextManager[Any]:
    """Of the strategy in whose scope this is called, if there is one."""
    if not tf.distribute.in_cross_replica_context():
        return contextlib.nullcontext()
    return one_replica(tf.distribute.get_strategy())
