"""One broken module for each promise: it fails, in these words, and no other does that could be kept."""

import keras
import pytest
import tensorflow as tf

from retrain.modules.inspection.findings import OK
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds
from tests.broken_modules import broken, found, hints, hub_module, mean

CLASSIFIER = ("default", "image_classification")


def believed(values: tf.Tensor, shape: list[int | None]) -> tf.Tensor:
    """The same values, of which the graph believes that they have this shape."""
    return tf.compat.v1.placeholder_with_default(values, shape)


def test_no_named_signature(tmp_path):
    assert broken(hub_module(tmp_path, signatures=["default"])) == {
        "named signature": "neither image_feature_vector nor image_classification, but default",
        "default signature": "gives other values than any named signature",
    }


def test_input_of_another_name(tmp_path):
    failures = broken(hub_module(tmp_path, input_name="image"))
    assert set(failures) == {"input", "expected size"}
    assert failures["input"] == (
        "image_feature_vector takes 'image', not 'images'; default takes 'image', not 'images'"
    )


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"dtype": tf.float64}, "float64 [None, 8, 8, 3]"),
        ({"shape": (None, 8, 8, 1)}, "float32 [None, 8, 8, 1]"),
        ({"shape": (4, 8, 8, 3)}, "float32 [4, 8, 8, 3]"),
        ({"shape": None}, "float32 of unknown shape"),
    ],
)
def test_input_of_another_shape_or_type(tmp_path, options, seen):
    path = hub_module(tmp_path, signatures=["image_feature_vector"], **options)
    assert broken(path)["input"] == f"image_feature_vector takes {seen}, not float32 [None, height, width, 3]"


def test_no_expected_size(tmp_path):
    assert broken(hub_module(tmp_path, shape=(None, None, None, 3))) == {
        "expected size": "neither attached nor in the shape of an input 'images'"
    }


def test_two_expected_sizes(tmp_path):
    assert broken(hub_module(tmp_path, attached_size=(16, 8)))["expected size"] == (
        "16 x 8 is attached, but inputs are of 8 x 8"
    )


def test_a_saved_model_of_any_size(tmp_path):
    path = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    assert hints(path) == {
        "expected size": "it takes any size and names none: run with 224 x 224; --image_size says another"
    }
    findings = found(path, ModuleSettings(image_size=10))
    assert findings["expected size"] == (OK, "10 x 10")
    assert findings["length at any size"] == (OK, "3 from 42 x 42, too")


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (
            lambda images, training: {"vector": mean(images, training)},
            "has no output 'default', but 'vector'",
        ),
        (
            lambda images, training: images,
            "gives float32 [None, 8, 8, 3], not float32 [None, number of features]",
        ),
        (
            lambda images, training: tf.cast(mean(images, training), tf.float64),
            "gives float64 [None, 3], not float32 [None, number of features]",
        ),
        (
            lambda images, training: believed(mean(images, training), [None, None]),
            "gives float32 [None, None], not float32 [None, number of features]",
        ),
        (
            lambda images, training: believed(mean(images, training), [8, 3]),
            "gives float32 [8, 3], not float32 [None, number of features]",
        ),
    ],
)
def test_features_of_another_form(tmp_path, body, seen):
    assert broken(hub_module(tmp_path, body))["features"] == f"image_feature_vector {seen}"


def test_features_that_are_asked_for_and_not_there(tmp_path):
    path = hub_module(tmp_path, lambda images, training: {"default": mean(images, training), "A/x": images})
    assert broken(path, ModuleSettings(feature_output="A/x")) == {}
    assert broken(path, ModuleSettings(feature_output="A/y")) == {
        "features": "there is no output 'A/y', which --feature_output asks for"
    }


@pytest.fixture
def two_outputs(tmp_path) -> str:
    """A SavedModel whose outputs have no names that say which are features."""
    images = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    scores = keras.layers.Dense(4, activation="softmax")(pooled)
    keras.Model(images, {"feat": pooled, "probs": scores}).export(tmp_path / "m", verbose=False)
    return str(tmp_path / "m")


def test_the_output_that_is_named_is_the_one_that_keeps_promises(two_outputs):
    assert (
        broken(two_outputs)["features"] == "image_feature_vector has no output 'default', but 'feat', 'probs'"
    )
    assert broken(two_outputs, ModuleSettings(feature_output="feat")) == {}
    assert broken(two_outputs, ModuleSettings(feature_output="gone"))["features"] == (
        "image_feature_vector has no output 'gone', but 'feat', 'probs'"
    )


def test_scores_that_are_named_as_features(two_outputs):
    assert broken(two_outputs, ModuleSettings(feature_output="probs")) == {
        "linear scores": "each row of image_feature_vector has the sum 1: probabilities of classes"
    }


def test_logits_of_another_form(tmp_path):
    path = hub_module(tmp_path, lambda images, training: images[:, :1, :1], CLASSIFIER)
    assert broken(path) == {
        "logits": "image_classification gives float32 [None, 1, 1, 3], not float32 [None, number of classes]"
    }


def test_output_keys_without_a_prefix(tmp_path):
    def body(images, training):
        return {"default": mean(images, training), "hidden": images, "Net/hidden": images}

    assert hints(hub_module(tmp_path, body)) == {
        "output keys": "'hidden' without the name of an architecture"
    }
