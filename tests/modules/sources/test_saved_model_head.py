import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from keras import layers

from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
OFFERED = ["image_feature_vector", "image_classification"]


@pytest.fixture
def told(monkeypatch) -> list[str]:
    lines = []

    def tell(text: str, *values: object) -> None:
        lines.extend([text % values] if text.startswith("%s: ") else [])  # TensorFlow tells of saving, too

    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, tell)
    return lines


def exported(directory: pathlib.Path, *ends: layers.Layer) -> tuple[keras.Model, str]:
    """A Keras network whose six features go through these layers, and where it was exported."""
    keras.utils.set_random_seed(0)
    trunk = [layers.Conv2D(6, 3, activation="relu"), layers.GlobalAveragePooling2D(name="pool")]
    model = keras.Sequential([keras.Input([8, 8, 3]), *trunk, *ends])
    model.export(directory, verbose=False)
    return model, str(directory)


def pooled(model: keras.Model) -> np.ndarray:
    return keras.Model(model.inputs[0], model.get_layer("pool").output)(IMAGES).numpy()


def loaded(handle: str, **settings: object) -> ImageModule:
    return load_module(handle, ModuleSettings(**settings))


@pytest.mark.parametrize(
    ("ends", "scores"),
    [
        ([layers.Dense(3, activation="softmax")], "3 values behind a softmax"),
        ([layers.Dense(9), layers.Softmax()], "9 values behind a softmax"),
        ([layers.Dense(1, activation="sigmoid")], "1 values behind a sigmoid"),
        ([layers.Dropout(0.5), layers.Dense(5)], "5 values of a dense layer"),
        ([layers.Reshape([1, 1, 6]), layers.Conv2D(3, 1), layers.Flatten()], "3 values of a dense layer"),
    ],
)
def test_features_are_what_makes_the_scores(tmp_path, told, ends, scores):
    model, handle = exported(tmp_path, *ends)
    module = loaded(handle)
    assert told == [
        f"{handle}: its output is class scores, {scores}; features are the 6 values that its last layer "
        "reads (--module_kind=image_feature_vector takes the output itself)"
    ]
    assert (list(module.signatures), module.num_features) == (OFFERED, 6)
    for training in (False, True):  # without the dropout of training
        np.testing.assert_allclose(module(IMAGES, training), pooled(model), atol=1e-6)
    np.testing.assert_allclose(module.output(IMAGES, OFFERED[1]), model(IMAGES), atol=1e-6)


@pytest.mark.parametrize(
    "ends", [[], [layers.Dense(6)], [layers.Dense(3, activation="relu")], [layers.Dense(3, use_bias=False)]]
)
def test_features_that_are_no_scores_stay(tmp_path, told, ends):
    model, handle = exported(tmp_path, *ends)
    np.testing.assert_allclose(loaded(handle)(IMAGES), model(IMAGES), atol=1e-6)
    assert told == []


def test_what_the_user_says_of_the_output_stands(tmp_path, told):
    model, handle = exported(tmp_path, layers.Dense(3, activation="softmax"))
    of_output = loaded(handle, module_kind="image_feature_vector")
    np.testing.assert_allclose(of_output(IMAGES), model(IMAGES), atol=1e-6)
    assert told == []
    assert of_output.fingerprint != loaded(handle).fingerprint


def test_scores_without_a_layer_that_makes_them(tmp_path, told):
    model, handle = exported(tmp_path, layers.Softmax())
    np.testing.assert_allclose(loaded(handle)(IMAGES), model(IMAGES), atol=1e-6)
    assert told == [
        f"{handle}: the 6 values of its output have the sum 1 for every image, as probabilities of classes "
        "have; a head on these learns little: use the module without its last layer"
    ]


def test_what_is_before_the_scores_learns(tmp_path, told):
    norm = keras.Sequential([keras.Input([8, 8, 3]), layers.BatchNormalization(momentum=0.5)])
    pool, dense = layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")
    model = keras.Sequential([norm, pool, dense])
    model.build([None, 8, 8, 3])
    root = tf.train.Checkpoint()
    root.variables = [variable.value for variable in model.variables]
    root.trainable_variables = [variable.value for variable in model.trainable_variables]
    root.__call__ = tf.function(lambda images, training=False: model(images, training=training))
    for training in (False, True):
        root.__call__.get_concrete_function(tf.TensorSpec([None, 8, 8, 3]), training=training)
    tf.saved_model.save(root, str(tmp_path))
    module = loaded(str(tmp_path))
    assert module.num_features == 3
    means = IMAGES.mean(axis=(0, 1, 2))
    with tf.GradientTape() as tape:
        features = module(IMAGES, training=True)
        loss = tf.reduce_sum(features**2)
    scale, shift, *of_head = tape.gradient(loss, module.trainable_variables)
    assert of_head == [None, None]
    assert np.abs(scale).max() > 1e-3
    np.testing.assert_allclose(shift, 2 * features.numpy().sum(axis=0), atol=1e-5)
    moved = [variable.numpy() for variable in module.variables if "moving_mean" in variable.name]
    np.testing.assert_allclose(moved[0], 0.5 * means, rtol=1e-4)
