from collections.abc import Sequence

import keras
import numpy as np
import pytest
from absl import logging
from keras import layers

from retrain.errors import InputError
from retrain.modules.sources.keras_head import before_head
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings

IMAGES = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)


@pytest.fixture
def told(monkeypatch) -> list[str]:
    lines = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, lambda text, *values: lines.append(text % values))
    return lines


def body(*ends: layers.Layer, width: int = 4, keepdims: bool = False) -> keras.Model:
    """A network whose `width` features of an image go through these layers."""
    keras.utils.set_random_seed(0)
    pool = layers.GlobalAveragePooling2D(keepdims=keepdims, name="pooled")
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(width, 3), pool, *ends], name="body")


def behind_scaling(*ends: Sequence[keras.layers.Layer], functional: bool = False) -> keras.Model:
    """Layers, models among them, behind a layer that scales pixels."""
    if not functional:
        return keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(2.0), *ends])
    values = layers.Rescaling(2.0)(images := keras.Input((8, 8, 3)))
    for end in ends:
        values = end(values)
    return keras.Model(images, values)


def features_of(model: keras.Model, scale: float = 1.0) -> np.ndarray:
    """What its body makes of the images before the last layer."""
    inner = model if model.name == "body" else model.get_layer("body")
    pooled = keras.Model(inner.inputs[0], inner.get_layer("pooled").output)(scale * IMAGES)
    return np.reshape(pooled, [2, -1])


def before(model: keras.Model, directory, **settings: str) -> np.ndarray:
    """The features, of the model as it was loaded from a file."""
    model.save(directory / "model.keras")
    found = before_head(keras.models.load_model(directory / "model.keras"), ModuleSettings(**settings), "m")
    return np.reshape(found.model(IMAGES), [2, -1])


@pytest.mark.parametrize(
    ("ends", "scores"),
    [
        ([layers.Dense(5, activation="softmax")], "5 values behind a softmax"),
        ([layers.Dense(1, activation="sigmoid")], "1 values behind a sigmoid"),
        ([layers.Dropout(0.5), layers.Dense(5, activation="softmax")], "5 values behind a softmax"),
        ([layers.Dense(5), layers.Softmax()], "5 values behind a softmax"),
        ([layers.Dense(5), layers.Activation("softmax")], "5 values behind a softmax"),
        ([layers.Dense(3)], "3 values of a dense layer"),
        ([layers.Dropout(0.5), layers.Dense(9)], "9 values of a dense layer"),
        ([layers.Dense(9, name="predictions")], "9 values of a dense layer"),
        ([layers.Dense(9), layers.Activation("linear", name="logits")], "9 values of a dense layer"),
        ([layers.EinsumDense("bi,io->bo", 3, bias_axes="o")], "3 values of a dense layer"),
        ([layers.Dense(3), layers.Rescaling(0.5)], "3 values of a dense layer"),
        ([layers.Dense(3), layers.Rescaling(0.5), layers.Softmax()], "3 values behind a softmax"),
        ([layers.Dense(3), layers.BatchNormalization(), layers.Softmax()], "3 values behind a softmax"),
        ([layers.Dense(3, use_bias=False), layers.BatchNormalization()], "3 values of a dense layer"),
        ([layers.Dense(3), layers.LayerNormalization(), layers.Softmax()], "3 values behind a softmax"),
        ([layers.Dense(3, activation="log_softmax")], "3 values behind a log_softmax"),
        ([layers.Dense(3, activation="softmax"), layers.Dropout(0.5)], "3 values behind a softmax"),
        ([layers.Dense(3), keras.Sequential([layers.Softmax()])], "3 values behind a softmax"),
        ([layers.Dense(3), keras.Sequential([layers.Dropout(0.5)])], "3 values of a dense layer"),
    ],
)
def test_class_scores_are_left_behind(tmp_path, told, ends, scores):
    model = body(*ends)
    np.testing.assert_allclose(before(model, tmp_path), features_of(model), rtol=1e-5)
    assert told == [
        f"m: its output is class scores, {scores}; features are the 4 values that its last layer reads "
        "(--module_kind=image_feature_vector takes the output itself)"
    ]
    assert len(before_head(model, DEFAULTS, "m").model.variables) == 2


@pytest.mark.parametrize(
    ("function", "scores"),
    [
        (keras.ops.softmax, "behind a softmax"),
        (keras.ops.log_softmax, "behind a log_softmax"),
        (lambda values: keras.ops.log(keras.ops.softmax(values)), "behind a softmax"),
        (lambda values: keras.ops.sigmoid(0.5 * values), "behind a sigmoid"),
        (lambda values: keras.ops.reshape(values / 2.0 + 1.0, [-1, 3]), "of a dense layer"),
    ],
)
def test_scores_of_operations_that_are_no_layers(tmp_path, told, function, scores):
    inner = body(layers.Dense(3))
    model = keras.Model(inner.inputs, function(inner.outputs[0]), name="body")
    np.testing.assert_allclose(before(model, tmp_path), features_of(model), rtol=1e-5)
    assert f"class scores, 3 values {scores}; features are the 4 values" in told[0]


def test_scores_of_a_convolution(tmp_path):
    model = body(layers.Conv2D(3, 1), layers.Flatten(), keepdims=True)
    np.testing.assert_allclose(before(model, tmp_path), features_of(model), rtol=1e-5)


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize(
    "layers_of",
    [
        lambda: [body(), layers.Dense(5, activation="softmax")],
        lambda: [body(), layers.Dropout(0.5), layers.Dense(3)],
        lambda: [body(layers.Dense(5, activation="softmax"))],
        lambda: [body(layers.Dense(5)), layers.Softmax()],
    ],
)
def test_scores_of_nested_models(tmp_path, layers_of, functional):
    model = behind_scaling(*layers_of(), functional=functional)
    np.testing.assert_allclose(before(model, tmp_path), features_of(model, 2.0), rtol=1e-5)


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [layers.Dense(4)],
        [layers.Dense(3, activation="relu")],
        [layers.Dense(3, use_bias=False)],
        [layers.Dense(3, name="projection")],
        [layers.Dense(3), layers.LayerNormalization()],
        [layers.Dense(3), layers.UnitNormalization()],
        [layers.Dense(3, activation="sigmoid"), layers.UnitNormalization()],
        [layers.Dense(3, activation="tanh"), layers.Rescaling(2.0)],
        [layers.Reshape([2, 2]), layers.Dense(1)],
    ],
)
def test_features_stay(tmp_path, told, ends):
    model = body(*ends)
    np.testing.assert_allclose(before(model, tmp_path), np.reshape(model(IMAGES), [2, -1]), rtol=1e-5)
    assert told == []


def test_what_nothing_tells_the_user_says(tmp_path, told):
    model = body(layers.Dense(32), width=40)
    found = before_head(model, DEFAULTS, "m")
    assert found.model is model
    assert not found.is_part
    assert found.doubt == (
        "the 32 values of a dense layer that reads 40 may be scores of classes; --module_kind says what "
        "they are"
    )
    assert len(told) == 1
    assert "32 values of a dense layer that reads 40, is taken for features" in told[0]
    as_scores = before(model, tmp_path, module_kind="image_classification")
    np.testing.assert_allclose(as_scores, features_of(model), rtol=1e-5)
    as_features = before(model, tmp_path, module_kind="image_feature_vector")
    np.testing.assert_allclose(as_features, model(IMAGES), rtol=1e-5)
    assert len(told) == 2


@pytest.mark.parametrize("has_dropout", [False, True])
def test_embeddings_behind_a_batch_norm_stay(told, has_dropout):
    dropout = [layers.Dropout(0.5)] if has_dropout else []
    model = body(*dropout, layers.Dense(32, use_bias=False), layers.BatchNormalization(), width=40)
    assert before_head(model, DEFAULTS, "m") == (model, False, "")
    assert told == []


def test_features_of_a_layer_with_a_sigmoid_before_it_is_pooled(told):
    ends = [layers.Conv2D(4, 3, activation="sigmoid"), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((8, 8, 3)), *ends])
    assert before_head(model, DEFAULTS, "m") == (model, False, "")


def shares(values: keras.KerasTensor) -> keras.KerasTensor:
    """A softmax that is written out."""
    powers = keras.ops.exp(values)
    return powers / keras.ops.sum(powers, axis=-1, keepdims=True)


@pytest.mark.parametrize("function", [shares, lambda values: keras.ops.log(shares(values))])
def test_values_that_are_probabilities_are_told(told, function):
    inner = body(layers.Dense(3))
    found = before_head(keras.Model(inner.inputs, function(inner.outputs[0])), DEFAULTS, "m")
    assert found.doubt == "each of the 3 values may be the probability of a class: their sum is 1"
    assert told == [
        "m: the 3 values of its output have the sum 1 for every image, as probabilities of classes have; a "
        "head on these learns little: use the module without its last layer"
    ]


def test_a_layer_that_is_named_decides(told):
    model = body(layers.Dense(3, name="dense"))
    assert before_head(model, ModuleSettings(feature_output="dense"), "m") == (model, False, "")
    assert told == []


def sentence(model: keras.Model, **settings: str) -> str:
    with pytest.raises(InputError) as info:
        before_head(model, ModuleSettings(**settings), "m")
    return str(info.value)


def test_scores_that_no_dense_layer_makes():
    assert sentence(body(), module_kind="image_classification") == (
        "'m' does not end in a dense layer, whose input would be its features: leave "
        "--module_kind=image_classification out, and name the layer that gives them with --feature_output."
    )


def test_one_word_is_enough():
    assert sentence(body(), module_kind="image_feature_vector", feature_output="pooled") == (
        "--feature_output=pooled names what of 'm' is features, and --module_kind=image_feature_vector says "
        "what its output is: give one of the two."
    )
