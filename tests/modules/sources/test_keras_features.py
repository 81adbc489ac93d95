import keras
import numpy as np
import pytest
from keras import layers

from retrain.errors import InputError
from retrain.modules.sources.keras_features import feature_model
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings

IMAGES = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)


def convolutional(*head) -> keras.Model:
    """An image model with the layers `spatial` [B, 6, 6, 4] and `pooled` [B, 4] before the given ones."""
    body = [layers.Conv2D(4, 3, name="spatial"), layers.GlobalAveragePooling2D(name="pooled")]
    return keras.Sequential([keras.Input((8, 8, 3)), *body, *head], name="inner")


def values(model: keras.Model, layer: str) -> np.ndarray:
    inner = model.get_layer(layer)
    output = inner(IMAGES) if layer == "inner" else keras.Model(model.inputs[0], inner.output)(IMAGES)
    output = np.array(keras.ops.convert_to_numpy(output))
    return output.mean(axis=(1, 2)) if output.ndim == 4 else output


def branched(activation: str) -> keras.Model:
    images = keras.Input((8, 8, 3))
    left, right = (layers.Conv2D(4, size, padding="same")(images) for size in (1, 3))
    joined = layers.GlobalAveragePooling2D(name="pooled")(layers.Add(name="joined")([left, right]))
    return keras.Model(images, layers.Dense(2, activation=activation, name="last")(joined))


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (lambda: convolutional(), "pooled"),
        (lambda: convolutional(layers.Dense(5, name="dense")), "dense"),
        (lambda: convolutional(layers.Dense(5, name="dense"), layers.Dropout(0.5)), "dense"),
        (lambda: convolutional(layers.Dense(5, activation="relu", name="dense")), "dense"),
        (lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")]), "conv"),
        (lambda: branched("linear"), "last"),
        (lambda: keras.Sequential([keras.Input((8, 8, 3)), convolutional()]), "inner"),
    ],
)
def test_own_choice(tmp_path, model, layer):
    model = model()
    expected = values(model, layer)
    model.save(tmp_path / "model.keras")
    for each in (model, keras.models.load_model(tmp_path / "model.keras")):
        features = feature_model(each, DEFAULTS, "m")
        assert features.output_shape == (None, expected.shape[1])
        np.testing.assert_allclose(features(IMAGES), expected, rtol=1e-5, atol=1e-6)


def test_a_last_layer_that_gives_more():
    class Encoder(layers.Layer):
        def call(self, images):
            return keras.ops.mean(images, (1, 2)), [images]

    images = keras.Input((8, 8, 3))
    model = keras.Model(images, Encoder()(images)[0])
    features = feature_model(model, DEFAULTS, "m")(IMAGES)
    np.testing.assert_allclose(features, IMAGES.mean((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("layer", ["spatial", "pooled", "dense"])
def test_named_layer(layer):
    model = convolutional(layers.Dense(5, activation="softmax", name="dense"))
    np.testing.assert_allclose(
        feature_model(model, ModuleSettings(feature_output=layer), "m")(IMAGES),
        values(model, layer),
        rtol=1e-5,
        atol=1e-6,
    )


def test_one_line_says_which(caplog):
    with caplog.at_level("INFO", logger="absl"):
        feature_model(convolutional(layers.Dropout(0.5)), DEFAULTS, "m.keras")
    assert caplog.messages == ["m.keras: features are the output of layer 'pooled', 4 values"]


def test_unknown_layer():
    with pytest.raises(InputError) as info:
        feature_model(convolutional(), ModuleSettings(feature_output="pool"), "m")
    assert str(info.value) == (
        "'m' has no layer 'pool'; choose with --feature_output from: spatial, pooled; did you mean 'pooled'?"
    )


@pytest.mark.parametrize(
    "model",
    [
        lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Dropout(0.5)]),
        lambda: keras.Model(images := keras.Input((8, 8, 3)), [images * 2, images * 3]),
    ],
)
def test_nothing_to_choose_from(model):
    model = model()
    listed = ", ".join(layer.name for layer in model.layers)
    with pytest.raises(InputError) as info:
        feature_model(model, DEFAULTS, "m")
    assert str(info.value) == (
        f"Which values of 'm' are features cannot be told from its layers; choose the layer that gives them "
        f"with --feature_output from: {listed}."
    )


def test_a_layer_of_another_shape():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Reshape((4, 4, 4, 3), name="volume")])
    with pytest.raises(InputError) as info:
        feature_model(model, DEFAULTS, "m")
    assert str(info.value) == (
        "The layer 'volume' of 'm' does not give one output [batch, num_features], [batch, tokens, "
        "num_features] or [batch, height, width, num_features]; choose one with --feature_output from: "
        "volume."
    )


@pytest.mark.parametrize(
    ("shape", "pooling", "pooled"),
    [
        ((16, 12), "auto", lambda x: x.mean(1)),
        ((16, 12), "first_token", lambda x: x[:, 0]),
        ((2, 96), "auto", lambda x: x[:, 0]),
        ((4, 4, 12), "max", lambda x: x.max((1, 2))),
    ],
)
def test_several_vectors_are_pooled(shape, pooling, pooled):
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Reshape(shape)])
    features = feature_model(model, ModuleSettings(feature_pooling=pooling), "m")
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    np.testing.assert_allclose(features(images), pooled(images.reshape(2, *shape)), rtol=1e-6)


def test_of_a_vector_nothing_is_pooled():
    with pytest.raises(InputError) as info:
        feature_model(convolutional(), ModuleSettings(feature_pooling="max"), "m")
    assert str(info.value) == (
        "--feature_pooling=max has no effect on the output 'pooled' of 'm', which has no places or tokens: "
        "leave it out."
    )
