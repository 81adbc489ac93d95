import tensorflow as tf

from retrain.modules.graphs.one_replica import one_replica, one_replica_here


def test_a_variable_has_one_value():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        variable = tf.Variable(3.0)
    with one_replica(strategy):
        assert not tf.distribute.in_cross_replica_context()
        variable.assign_add(1.0)
        assert variable.numpy() == 4.0


def test_in_the_scope_of_a_strategy_or_outside_of_any():
    with one_replica_here():
        assert tf.Variable(3.0).numpy() == 3.0
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        variable = tf.Variable(3.0)
        with one_replica_here():
            assert not tf.distribute.in_cross_replica_context()
            assert variable.numpy() == 3.0
