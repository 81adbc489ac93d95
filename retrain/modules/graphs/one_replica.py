"""Where the variables of a strategy of tf.distribute have one value each, as those outside of it do."""

import tensorflow as tf


def one_replica(strategy: tf.distribute.Strategy) -> tf.distribute.ReplicaContext:
    """Within, they read and assign as those of the first replica that this process has."""
    first = strategy.extended._get_replica_id_in_sync_group(0)
    return tf.distribute.ReplicaContext(strategy, replica_id_in_sync_group=first)
