import keras
import pytest
from keras import layers

from retrain.modules.sources.keras_graph import step_to
from retrain.modules.sources.keras_tail import KerasTail, is_dense, is_product

VALUES = keras.Input([6])


def passed(*operations: layers.Layer) -> KerasTail:
    """The tail after these, the last of a network first."""
    tail = KerasTail()
    for each in operations:
        tail.pass_by(each, [VALUES])
    return tail


def test_nothing_is_known_before():
    assert passed() == KerasTail([], None, False, False, True, False)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (layers.Softmax(name="a"), KerasTail(["a"], behind="softmax")),
        (layers.Activation("log_softmax", name="a"), KerasTail(["a"], behind="log_softmax")),
        (layers.Activation("linear", name="a"), KerasTail(["a"])),
        (layers.Dropout(0.5, name="a"), KerasTail(["a"])),
        (layers.BatchNormalization(name="a"), KerasTail(["a"], has_bias=True, is_normalised=True)),
        (layers.BatchNormalization(center=False, name="a"), KerasTail(["a"], is_normalised=True)),
        (layers.Activation("relu", name="a"), KerasTail(["a"], is_linear=False, is_end=True)),
        (layers.LayerNormalization(name="a"), KerasTail(["a"], is_linear=False, is_end=True)),
    ],
)
def test_one_operation(operation, expected):
    assert passed(operation) == expected


def test_behind_scores_all_is_passed_and_before_other_values_none_are_scores():
    assert not passed(layers.Softmax(), layers.ReLU()).is_end
    assert passed(layers.ReLU(), layers.Softmax()).behind is None


def test_several_tensors_are_the_end():
    tail = KerasTail()
    tail.pass_by(step_to(VALUES + VALUES).operation, [VALUES, VALUES])
    assert tail.is_end


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Dense(3, activation="sigmoid", name="a"), KerasTail(["a"], "sigmoid", has_bias=True)),
        (layers.Dense(3, activation="relu", name="a"), KerasTail(["a"], has_bias=True, is_linear=False)),
        (layers.EinsumDense("bi,io->bo", 3, name="a"), KerasTail(["a"])),
        (layers.EinsumDense("bi,io->bo", 3, bias_axes="o", name="a"), KerasTail(["a"], has_bias=True)),
    ],
)
def test_products(layer, expected):
    layer(VALUES)
    tail = KerasTail()
    tail.pass_product(layer)
    assert tail == expected
    assert is_product(layer)
    assert is_dense(layer, VALUES)


def test_what_is_no_product_of_a_vector():
    norm, dense = layers.BatchNormalization(), layers.Dense(3)
    assert [norm(VALUES).shape, is_product(norm), is_product(layers.Dropout(0.5))] == [
        (None, 6),
        False,
        False,
    ]
    assert is_dense(dense, keras.Input([1, 1, 6]))
    assert not is_dense(dense, keras.Input([2, 6]))
