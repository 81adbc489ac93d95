import tensorflow as tf

from retrain.modules.graphs.one_replica import one_replica


def test_a_variable_has_one_value():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        variable = tf.Variable(3.0)
    with one_replica(strategy):
        assert not tf.distribute.in_cross_replica_context()
        variable.assign_add(1.0)
        assert variable.numpy() == 4.0
