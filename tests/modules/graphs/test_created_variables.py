import numpy as np
import tensorflow as tf

from retrain.modules.graphs.created_variables import recording, replacing
from retrain.modules.load import load_module
from tests.tiny_worlds import averaging_module


def test_a_load_is_listed_and_repeated_into_other_variables(tmp_path):
    handle = averaging_module(tmp_path / "module", methods={"__call__": 2.0})
    created = []
    with recording(created):
        first = load_module(handle)
    assert {id(variable) for variable in first.variables} <= {id(variable) for variable in created}
    places = [[id(each) for each in created].index(id(variable)) for variable in first.variables]
    others = [tf.Variable(tf.fill([3], 7.0)) for _ in places]
    with replacing(dict(zip(places, others, strict=True))):
        second = load_module(handle)
    assert [id(variable) for variable in second.variables] == [id(variable) for variable in others]
    np.testing.assert_array_equal(others[0], [1, 1, 1])
    others[0].assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(second(np.ones((1, 8, 8, 3), np.float32)), [[2, 4, 6]], rtol=1e-6)
    np.testing.assert_array_equal(first.variables[0], [1, 1, 1])


def test_only_the_places_named_are_replaced():
    mine = tf.Variable(0.0)
    with replacing({1: mine}):
        made = [tf.Variable(float(value)) for value in range(3)]
    assert made[1] is mine
    assert [float(variable) for variable in made] == [0, 1, 2]


def test_a_value_that_is_computed():
    mine = tf.Variable(0.0)
    with replacing({0: mine}):
        tf.Variable(lambda: tf.constant(5.0))
    assert float(mine) == 5
