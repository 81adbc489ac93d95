import keras
from keras import layers

from retrain.modules.sources.keras_graph import backwards, is_transparent, output_of


def nested() -> keras.Model:
    values = layers.Dense(3, name="inside")(inputs := keras.Input([4]))
    base = keras.Model(inputs, values, name="base")
    return keras.Sequential([keras.Input([4]), layers.Rescaling(2.0, name="scale"), base, layers.Dense(2)])


def test_backwards_to_the_input():
    names = [step.operation.name for step in backwards(nested().outputs[0])]
    assert names[1:] == ["base", "scale"]


def test_backwards_to_where_it_branches():
    images = keras.Input([4])
    both = layers.Add(name="both")([layers.Dense(2)(images), layers.Dense(2)(images)])
    names = [step.operation.name for step in backwards(layers.ReLU(name="last")(both))]
    assert names == ["last", "both"]


def test_the_output_in_this_model():
    model = nested()
    assert keras.Model(model.inputs[0], output_of(model, "base")).output_shape == (None, 3)
    assert output_of(model, "inside") is None


def test_what_can_be_looked_into():
    model, values = nested(), keras.Input([4])
    assert is_transparent(model)
    assert not is_transparent(model.layers[0])
    assert not is_transparent(keras.Model(values, [values * 2, values * 3]))
