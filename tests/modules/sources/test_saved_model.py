import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.saved_model import load
from retrain.modules.sources.source import DEFAULTS
from retrain.settings.module import ModuleSettings
from tests.tiny_worlds import averaging_module

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
MEANS = IMAGES.mean(axis=(1, 2))


def factors(handle: str, settings: ModuleSettings = DEFAULTS) -> dict[str, float]:
    """By which factor of the mean colour each signature of an averaging module answers."""
    module = load(handle, handle, settings)
    return {
        name: float(np.mean(module.outputs(IMAGES, name)["default"] / MEANS)) for name in module.signatures
    }


def sentence(handle: str, settings: ModuleSettings = DEFAULTS) -> str:
    with pytest.raises(InputError) as info:
        load(handle, handle, settings)
    return str(info.value)


def test_a_reusable_saved_model(tmp_path):
    module = load(averaging_module(tmp_path), "m", DEFAULTS)
    assert module.image_size == (8, 8)
    assert module.num_features == 3
    assert [variable.name for variable in module.variables] == ["scale:0", "average:0"]
    assert [variable.name for variable in module.trainable_variables] == ["scale:0"]
    assert [float(loss()) for loss in module.regularization_losses] == [3.0]
    np.testing.assert_allclose(module(IMAGES), MEANS, rtol=1e-6)
    np.testing.assert_array_equal(module.variables[1], [0, 0, 0])
    module(IMAGES, training=True)
    np.testing.assert_allclose(module.variables[1], 0.1 * MEANS.mean(axis=0), rtol=1e-6)


def test_a_training_step(tmp_path):
    module = load(averaging_module(tmp_path), "m", DEFAULTS)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(IMAGES, training=True)) + module.regularization_losses[0]()
    (gradient,) = tape.gradient(loss, module.trainable_variables)
    np.testing.assert_allclose(gradient, MEANS.sum(axis=0) + 1, rtol=1e-6)


def test_without_training_nothing_moves(tmp_path):
    module = load(averaging_module(tmp_path, with_training=False), "m", DEFAULTS)
    np.testing.assert_allclose(module(IMAGES, training=True), MEANS, rtol=1e-6)
    np.testing.assert_array_equal(module.variables[1], [0, 0, 0])


def test_variables_of_a_plain_module(tmp_path):
    module = load(averaging_module(tmp_path, with_attributes=False), "m", DEFAULTS)
    assert {variable.name for variable in module.variables} == {"scale:0", "average:0"}
    assert [variable.name for variable in module.trainable_variables] == ["scale:0"]
    assert module.regularization_losses == ()


def test_signatures_only(tmp_path):
    module = load(averaging_module(tmp_path, methods={}), "m", DEFAULTS)
    assert list(module.signatures) == [IMAGE_FEATURE_VECTOR]
    np.testing.assert_allclose(module(IMAGES, training=True), MEANS, rtol=1e-6)
    np.testing.assert_array_equal(module.variables[1], [0, 0, 0])


def test_size_is_left_to_the_user(tmp_path):
    handle = averaging_module(tmp_path, size=(None, None))
    assert sentence(handle) == (
        f"{handle!r} takes images of any size; say with --image_size which to give it, as a rule the one "
        f"that it was trained on."
    )
    module = load(handle, handle, ModuleSettings(image_size=6))
    assert module.image_size == (6, 6)
    assert module.signatures[IMAGE_FEATURE_VECTOR].inputs["images"].shape.as_list() == [None, 6, 6, 3]


def test_a_size_that_is_too_small_for_its_layers(tmp_path):
    made = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((None, None, 3)), *made]).export(tmp_path / "m", verbose=False)
    handle = str(tmp_path / "m")
    assert sentence(handle, ModuleSettings(image_size=2)) == (
        f"{handle!r} does not take images of 2 x 2 pixels (Negative dimension size caused by subtracting 3 "
        f"from 2): give another --image_size, as a rule the one that it was trained on."
    )


def test_size_that_the_module_does_not_take(tmp_path):
    handle = averaging_module(tmp_path)
    assert sentence(handle, ModuleSettings(image_size=6)) == (
        f"{handle!r} takes images of 8 x 8 pixels, and --image_size says 6 x 6; leave --image_size out, or "
        f"use a module made for that size."
    )


FEATURES, CLASSES = IMAGE_FEATURE_VECTOR, IMAGE_CLASSIFICATION


@pytest.mark.parametrize(
    ("module", "kind", "expected"),
    [
        ({}, None, {FEATURES: 1}),
        ({}, CLASSES, {CLASSES: 1}),
        # As this project exports: all named, __call__ the classification, and what it serves.
        (
            {"methods": {"__call__": 2, FEATURES: 3, CLASSES: 2}, "output_key": "default", "labels": 3},
            None,
            {FEATURES: 3, CLASSES: 2, "serving_default": 1},
        ),
        # A method is preferred to a signature, and both to the unnamed.
        (
            {"methods": {"__call__": 2, FEATURES: 3}, "signatures": {"serving_default": 4, FEATURES: 5}},
            None,
            {FEATURES: 3},
        ),
        ({"methods": {"__call__": 2}, "signatures": {FEATURES: 5}}, None, {FEATURES: 5}),
        ({"methods": {"__call__": 2}, "signatures": {FEATURES: 5}}, FEATURES, {FEATURES: 2}),
        # Where only a classification is named, the unnamed is not taken for features.
        ({"methods": {"__call__": 2}, "signatures": {CLASSES: 5}}, None, {CLASSES: 5}),
        ({"methods": {"__call__": 2}, "signatures": {CLASSES: 5}}, FEATURES, {CLASSES: 5, FEATURES: 2}),
        # What the outputs are called.
        ({"output_key": "logits"}, None, {CLASSES: 1}),
        ({"output_key": "Predictions"}, None, {CLASSES: 1}),
        ({"output_key": "class_probabilities"}, None, {CLASSES: 1}),
        ({"output_key": "classy_features"}, None, {FEATURES: 1}),
        ({"output_key": "logits"}, FEATURES, {FEATURES: 1}),
        ({"output_key": "logits", "methods": {}}, None, {CLASSES: 1}),
        # As many labels as outputs.
        ({"labels": 3}, None, {CLASSES: 1}),
        ({"labels": 4}, None, {FEATURES: 1}),
    ],
)
def test_what_stands_for_which_signature(tmp_path, module, kind, expected):
    handle = averaging_module(tmp_path, **module)
    found = factors(handle, ModuleSettings(module_kind=kind))
    assert found == pytest.approx(expected)


def test_no_function_of_images_is_named(tmp_path):
    handle = averaging_module(tmp_path, methods={}, signatures={"detect": 1.0, "caption": 1.0})
    assert sentence(handle) == (
        f"{handle!r} has no signature 'image_feature_vector'; it has: caption, detect. Use a module that "
        f"follows the Common Signatures for Images, or say with --module_kind what its outputs are."
    )


def test_fingerprint_tells_which_function_was_chosen(tmp_path):
    handle = averaging_module(tmp_path)
    chosen = {
        load(handle, "m", ModuleSettings(module_kind=kind)).fingerprint for kind in (None, FEATURES, CLASSES)
    }
    assert len(chosen) == 3


def test_several_graphs_without_the_hub_file(tmp_path):
    # What is left of a TF1 Hub module when its tfhub_module.pb got lost.
    builder = tf.compat.v1.saved_model.Builder(str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        builder.add_meta_graph_and_variables(session, [])
        builder.add_meta_graph(["train"])
        builder.save()
    handle = str(tmp_path / "m")
    # TensorFlow's own advice is an argument for which there is no flag.
    assert sentence(handle) == (
        f"{handle!r} cannot be loaded: it holds several graphs, and is no TF2 SavedModel; save the one for "
        f"serving by itself, or use the TF1 Hub module that it was exported beside."
    )


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_features_are_float32_whatever_the_module_computes_in(tmp_path, dtype):
    module = tf.Module()
    spec = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    module.__call__ = tf.function(lambda images: tf.cast(tf.reduce_mean(images, [1, 2]), dtype), [spec])
    tf.saved_model.save(module, str(tmp_path / "module"))
    loaded, images = load_module(str(tmp_path / "module")), np.ones([2, 8, 8, 3], np.float32)
    assert loaded(images).dtype == tf.float32
    np.testing.assert_array_equal(loaded(images), np.ones([2, 3]))
    model = ImageClassifier(loaded, {"label": SoftmaxHead(["a", "b"])})
    exporter("saved_model")(model, str(tmp_path / "export"))
    np.testing.assert_array_equal(load_module(str(tmp_path / "export"))(images), np.ones([2, 3]))
