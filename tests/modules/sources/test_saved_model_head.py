import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from keras import layers

from retrain.exporters.pure_classifier import pure_classifier
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
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
        ([layers.Dense(6, name="predictions")], "6 values of a dense layer"),
        ([layers.Dense(8, use_bias=False, name="class_logits")], "8 values of a dense layer"),
        (
            [layers.Reshape((1, 1, 6)), layers.Conv2D(3, 1, name="logits"), layers.Flatten()],
            "3 values of a dense layer",
        ),
        ([layers.Reshape([1, 1, 6]), layers.Conv2D(3, 1), layers.Flatten()], "3 values of a dense layer"),
        ([layers.Dense(3, activation="log_softmax")], "3 values behind a log_softmax"),
        ([layers.Dense(3), layers.Rescaling(0.5)], "3 values of a dense layer"),
        ([layers.Dense(3), layers.BatchNormalization(), layers.Softmax()], "3 values behind a softmax"),
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
    "ends",
    [
        [],
        [layers.Dense(6)],
        [layers.Dense(3, activation="relu")],
        [layers.Dense(3, use_bias=False)],
        [layers.Dense(3, name="projection")],
        [layers.Dense(3), layers.UnitNormalization()],
    ],
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


def traced_twice(directory: pathlib.Path, *layers_of: layers.Layer) -> tuple[keras.Model, str]:
    """A network that was saved as Keras 2 did: as it runs in inference, and as it runs in training."""
    model = keras.Sequential([keras.Input([8, 8, 3]), layers.GlobalAveragePooling2D(name="pool"), *layers_of])
    root = tf.train.Checkpoint()
    root.variables = [variable.value for variable in model.variables]
    root.__call__ = tf.function(lambda images, training=False: model(images, training=training))
    for training in (False, True):
        root.__call__.get_concrete_function(tf.TensorSpec([None, 8, 8, 3]), training=training)
    tf.saved_model.save(root, str(directory))
    return model, str(directory)


@pytest.mark.parametrize("behind", [[], [layers.BatchNormalization(), layers.Softmax()]])
def test_in_training_features_are_before_dropout_too(tmp_path, told, behind):
    model, handle = traced_twice(tmp_path, layers.Dropout(0.5), layers.Dense(2), *behind)
    module = loaded(handle)
    for training in (False, True):
        np.testing.assert_allclose(module(IMAGES, training), pooled(model), rtol=1e-5)
    assert len(told) == 1


def test_generators_of_random_numbers_hide_no_head(tmp_path, told):
    root, kernel = tf.train.Checkpoint(), tf.Variable(tf.ones([3, 2]))
    generator = tf.random.Generator.from_seed(1)

    @tf.function(autograph=False)
    def call(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        images += generator.uniform([8, 8, 3]) if training else 0.0
        return tf.nn.softmax(tf.reduce_mean(images, [1, 2]) @ kernel)

    root.call, root.generator, root.kernel = call, generator, kernel
    root.__call__ = call
    for training in (False, True):
        call.get_concrete_function(tf.TensorSpec([None, 8, 8, 3]), training=training)
    tf.saved_model.save(root, str(tmp_path))
    module = loaded(str(tmp_path))
    np.testing.assert_allclose(module(IMAGES), IMAGES.mean(axis=(1, 2)), rtol=1e-5)
    assert 0 < np.abs(module(IMAGES, training=True) - module(IMAGES)).max() < 1
    assert pure_classifier(ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}), training=True)


def wide(directory: pathlib.Path) -> tuple[keras.Model, str]:
    """A network that makes 32 values of 40: an embedding, or scores of classes."""
    keras.utils.set_random_seed(0)
    trunk = [layers.Conv2D(40, 3, activation="relu"), layers.GlobalAveragePooling2D(name="pool")]
    model = keras.Sequential([keras.Input([8, 8, 3]), *trunk, layers.Dense(32)])
    model.export(directory, verbose=False)
    return model, str(directory)


def test_an_output_of_which_nothing_tells_what_it_is(tmp_path, told):
    model, handle = wide(tmp_path)
    module = loaded(handle)
    assert told == [
        f"{handle}: its output, 32 values of a dense layer that reads 40, is taken for features, and a head "
        "learns little if it is class scores: --module_kind=image_classification says that, and takes what "
        "the layer reads; --module_kind=image_feature_vector says that it is features"
    ]
    assert module.doubt == (
        "the 32 values of a dense layer that reads 40 may be scores of classes; --module_kind says what "
        "they are"
    )
    np.testing.assert_allclose(module(IMAGES), model(IMAGES), atol=1e-6)


def test_what_the_user_says_of_scores_stands(tmp_path, told):
    model, handle = wide(tmp_path)
    as_scores = loaded(handle, module_kind="image_classification")
    np.testing.assert_allclose(as_scores(IMAGES), pooled(model), atol=1e-6)
    np.testing.assert_allclose(as_scores.output(IMAGES, OFFERED[1]), model(IMAGES), atol=1e-6)
    as_features = loaded(handle, module_kind="image_feature_vector")
    np.testing.assert_allclose(as_features(IMAGES), model(IMAGES), atol=1e-6)
    assert [len(told), as_scores.doubt, as_features.doubt] == [1, "", ""]
    assert len({module.fingerprint for module in (as_scores, as_features, loaded(handle))}) == 3


def test_an_output_that_is_called_scores(tmp_path, told):
    model, _ = wide(tmp_path / "model")
    serving = tf.function(lambda images: {"logits": model(images)})
    specs = tf.TensorSpec([None, 8, 8, 3])
    handle = str(tmp_path / "named")
    tf.saved_model.save(model, handle, signatures=serving.get_concrete_function(specs))
    module = loaded(handle)
    assert list(module.signatures) == OFFERED
    np.testing.assert_allclose(module(IMAGES), pooled(model), atol=1e-6)
    assert len(told) == 1


def test_scores_whose_number_only_a_run_tells(tmp_path, told):
    class Scores(tf.Module):
        def __init__(self):
            self.kernel = tf.Variable(tf.random.stateless_normal([3, 2], (0, 1)))
            self.bias = tf.Variable(tf.zeros([2]))

        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3])])
        def __call__(self, images):
            scores = tf.reduce_mean(images, [1, 2]) @ self.kernel + self.bias
            return tf.reshape(scores, tf.stack([-1, tf.size(tf.where(self.bias < 9.0))]))

    tf.saved_model.save(Scores(), tmp_path / "module")
    module = loaded(str(tmp_path / "module"))
    assert (list(module.signatures), module.num_features) == (OFFERED, 3)
    np.testing.assert_allclose(module(IMAGES), IMAGES.mean((1, 2)), atol=1e-6)
