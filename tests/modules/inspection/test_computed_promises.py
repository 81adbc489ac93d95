"""One broken module for each promise: it fails, in these words, and no other does that could be kept."""

import keras
import pytest
import tensorflow as tf

from retrain.exporters import MODULES, exporter
from retrain.model import ImageClassifier
from retrain.modules.inspection.findings import NOT_APPLICABLE, OK
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds
from tests.broken_modules import broken, found, hints, hub_module, mean
from tests.modules.inspection.test_input_range import remembering

CLASSIFIER = ("default", "image_classification")
BOTH = ("default", "image_feature_vector", "image_classification")


def believed(values: tf.Tensor, shape: list[int | None]) -> tf.Tensor:
    """The same values, of which the graph believes that they have this shape."""
    return tf.compat.v1.placeholder_with_default(values, shape)


def test_no_default_signature(tmp_path):
    path = hub_module(tmp_path, signatures=["image_feature_vector"])
    assert broken(path) == {"default signature": "there is no signature 'default'"}


def test_another_default_signature(tmp_path):
    def body(images, training):
        features = mean(images, training)
        return {"default": 2 * features, "image_feature_vector": features, "image_classification": -features}

    assert broken(hub_module(tmp_path, body, BOTH)) == {
        "default signature": "gives other values than image_feature_vector and image_classification"
    }


def test_another_default_of_a_saved_model(tmp_path):
    named = {"image_feature_vector": 1.0}
    right = tiny_worlds.averaging_module(
        tmp_path / "right", methods={"__call__": 1.0, **named}, signatures=named
    )
    wrong = tiny_worlds.averaging_module(
        tmp_path / "wrong", methods={"__call__": 2.0, **named}, signatures=named
    )
    assert found(right)["default signature"] == (OK, "equals image_feature_vector")
    assert broken(wrong) == {"default signature": "gives other values than image_feature_vector"}


@pytest.mark.parametrize(
    ("activation", "seen"),
    [
        (tf.nn.softmax, "each row has the sum 1: these are probabilities"),
        (tf.nn.sigmoid, "all from 0.5 to 0.731: these may be probabilities"),
    ],
)
def test_probabilities_for_logits(tmp_path, activation, seen):
    path = hub_module(tmp_path, lambda images, training: activation(mean(images, training)), CLASSIFIER)
    assert hints(path)["linear scores"] == seen


def test_probabilities_for_features(tmp_path):
    path = hub_module(tmp_path, lambda images, training: tf.nn.softmax(mean(images, training)))
    assert broken(path) == {
        "linear scores": "each row of image_feature_vector has the sum 1: probabilities of classes"
    }


def test_what_may_be_scores_for_features(tmp_path):
    pooled = [keras.layers.Conv2D(40, 3), keras.layers.GlobalAveragePooling2D(name="pooled")]
    layers = [keras.Input((8, 8, 3)), *pooled, keras.layers.Dense(32)]
    keras.Sequential(layers).save(tmp_path / "open.keras")
    assert broken(str(tmp_path / "open.keras")) == {
        "linear scores": "the 32 values of a dense layer that reads 40 may be scores of classes; "
        "--module_kind says what they are"
    }
    for kind in ("image_feature_vector", "image_classification"):
        assert broken(str(tmp_path / "open.keras"), ModuleSettings(module_kind=kind)) == {}
    scaled = ModuleSettings(module_input_range=(-1.0, 1.0))
    assert set(broken(str(tmp_path / "open.keras"), scaled)) == {"linear scores"}


def test_a_row_that_depends_on_its_batch(tmp_path):
    def body(images, training):
        features = mean(images, training)
        return features - tf.reduce_mean(features, axis=0)

    assert broken(hub_module(tmp_path, body)) == {
        "any batch size": "image_feature_vector of an image differs between batches of 1 and 8"
    }


def test_a_batch_size_that_is_not_taken(tmp_path):
    def body(images, training):
        return tf.reshape(tf.reduce_mean(tf.reshape(images, [8, 64, 3]), axis=1), [-1, 3])

    path = hub_module(tmp_path, lambda images, training: believed(body(images, training), [None, 3]))
    failures = broken(path)
    assert failures.pop("any batch size").startswith("not run: image_feature_vector of 1 images: ")
    assert set(failures) == {"channels last"}


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (
            lambda images, training: tf.math.log(mean(images, training)),
            ": 12% of the values are infinite or nan",
        ),
        (lambda images, training: 0 * mean(images, training), " gives the same for 8 different images"),
    ],
)
def test_values_that_make_no_sense(tmp_path, body, seen):
    assert broken(hub_module(tmp_path, body)) == {"values in [0, 1]": f"image_feature_vector{seen}"}


def test_a_hint_when_other_values_of_pixels_are_meant(tmp_path):
    path = hub_module(tmp_path, lambda images, training: 1.0 + mean(images, training) / 255)
    assert hints(path) == {
        "values in [0, 1]": "image_feature_vector tells images in [0, 255] apart 182 times as well: "
        "as if made for these (--module_input_range=0,255 says so)"
    }
    assert hints(path, ModuleSettings(module_input_range=(0.0, 255.0))) == {}


def test_the_range_of_a_keras_file_can_be_said(tmp_path):
    layers = [
        keras.Input((8, 8, 3)),
        keras.layers.Rescaling(1 / 255, 1.0),
        keras.layers.GlobalAveragePooling2D(),
    ]
    keras.Sequential(layers).save(tmp_path / "dark.keras")
    assert hints(str(tmp_path / "dark.keras"))["values in [0, 1]"] == (
        "its first layer divides pixels by 255, as those in [0, 255] are: as if made for these "
        "(--module_input_range=0,255 says so)"
    )
    assert hints(str(tmp_path / "dark.keras"), ModuleSettings(module_input_range=(0.0, 255.0))) == {}


def test_a_hint_when_signed_pixels_are_meant(tmp_path):
    path = remembering(tmp_path / "signed.keras", -1.0, 1.0)
    hint = hints(path)["values in [0, 1]"]
    assert hint.startswith("its first batch norm remembers images ")
    assert hint.endswith(
        " times nearer to those in [-1, 1]: as if made for these (--module_input_range=-1,1 says so)"
    )
    assert hints(path, ModuleSettings(module_input_range=(-1.0, 1.0))) == {}


def test_a_length_that_depends_on_the_size(tmp_path):
    def body(images, training):
        return believed(tf.reduce_mean(images, axis=[2, 3]), [None, 8])

    path = hub_module(tmp_path, body, shape=(None, None, None, 3), attached_size=(8, 8))
    assert broken(path) == {"length at any size": "image_feature_vector is of [8], and of [40] from 40 x 40"}


def test_dropout_on_features(tmp_path):
    def body(images, training):
        features = 1.0 + mean(images, training)
        return tf.nn.dropout(features, 0.5) if training else features

    failures = broken(hub_module(tmp_path, body))
    assert set(failures) == {"no dropout"}
    share, _, words = failures["no dropout"].removeprefix("in training, ").partition("%")
    assert 0 < int(share) < 100
    assert words == " of the features are 0 in one run and not in the next"


def test_a_hint_when_something_inside_is_random(tmp_path):
    def body(images, training):
        return mean(tf.nn.dropout(images, 0.5) if training else images, training)

    assert hints(hub_module(tmp_path, body)) == {
        "no dropout": "in training, features of a batch differ between two runs: something random acts inside"
    }


def test_the_random_state_of_keras_goes_on(tmp_path):
    layers = [keras.Input((8, 8, 3)), keras.layers.Dropout(0.5), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential(layers).save(tmp_path / "random.keras")
    assert set(hints(str(tmp_path / "random.keras"))) == {"no dropout"}


def test_channels_first(tmp_path):
    def body(images, training):
        first = tf.transpose(images, [0, 3, 1, 2])
        return tf.reduce_mean(
            tf.nn.bias_add(first, tf.ones(3), data_format="NCHW", name="Net/bias"), axis=[2, 3]
        )

    assert broken(hub_module(tmp_path, body)) == {
        "channels last": "1 operations are NCHW, such as 'Net/bias' (BiasAdd)"
    }
    path = hub_module(tmp_path / "input", lambda images, training: images[:, :, 0, 0], shape=(None, 3, 8, 8))
    assert broken(path)["channels last"] == "default takes float32 [None, 3, 8, 8]"


def test_a_module_that_cannot_be_trained_has_no_dropout_to_look_for(tmp_path):
    findings = found(hub_module(tmp_path, tags=[()]))
    assert findings["no dropout"] == (NOT_APPLICABLE, "there is no graph for training")


@pytest.mark.parametrize("form", MODULES)
def test_an_export_refuses_other_pixels(averaging_module, tmp_path, form):
    model = ImageClassifier(load_module(averaging_module), {"label": ["a", "b"]})
    model.kernels["label"].assign(tf.random.stateless_normal([3, 2], (1, 2)))
    exporter(form)(model, str(tmp_path / "export"))
    assert found(str(tmp_path / "export"))["values in [0, 1]"] == (
        OK,
        "finite, different for different images; others than in [0, 1] are refused",
    )
