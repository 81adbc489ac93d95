import numpy as np
import tensorflow as tf

from retrain.modules.graphs.graph_part import cut
from retrain.modules.graphs.pure_function import pure_function

IMAGES = np.random.default_rng(0).random((2, 3), np.float32)


def traced(function):
    return tf.function(function, input_signature=[tf.TensorSpec([None, 3])], autograph=False)


def test_functions_are_put_in_place_and_variables_are_fed():
    scale, count, shift = tf.Variable(2.0), tf.Variable(0.0), tf.constant(5.0)
    inner = traced(lambda images: images * scale + shift)

    def outer(images):
        count.assign_add(1.0)
        return inner(images) - 1.0

    function = traced(outer).get_concrete_function()
    pure = pure_function(function, {id(variable.handle): variable for variable in (scale, count)})
    [update] = pure.graph.updates.values()
    assert (update.method, pure.variables[update.variable]) == ("assign_add", count)
    part = cut(pure.graph, [pure.images], pure.outputs, "m")
    assert {pure.variables[name].ref() for name in part.fed if name != pure.images} == {scale.ref()}
    values = {name: IMAGES if name == pure.images else 3.0 for name in part.fed}
    [output] = tf.function(lambda: part({name: tf.constant(value) for name, value in values.items()}))()
    np.testing.assert_allclose(output, 3.0 * IMAGES + 5.0 - 1.0, rtol=1e-6)


def test_collections_of_the_program_are_left_alone(caplog):
    def with_another_table(images):
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS, None)
        return images + 1.0

    assert pure_function(traced(with_another_table).get_concrete_function(), {})
    assert caplog.messages == []


def test_a_resource_that_is_no_variable_or_not_among_them():
    keys = tf.lookup.KeyValueTensorInitializer(tf.constant([1]), tf.constant([2.0]))
    table = tf.lookup.StaticHashTable(keys, 0.0)
    scale = tf.Variable(2.0)
    of_table = traced(lambda images: images + table.lookup(tf.constant([1])))
    of_scale = traced(lambda images: images * scale)
    for function in (of_table, of_scale):
        assert pure_function(function.get_concrete_function(), {}) is None
