import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.exporters import ExportOptions
from retrain.exporters.reload import load_classifier
from retrain.exporters.reusable_saved_model import write
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.graphs.pixel_range import is_out_of_range
from retrain.modules.loading import load_module
from tests import tiny_worlds

PIXELS = np.random.default_rng(0).random([5, 8, 8, 3], np.float32)
MEANS = PIXELS.mean(axis=(1, 2))
KERNEL = np.random.default_rng(1).normal(size=[3, 2]).astype(np.float32)
BIAS = np.array([0.25, -0.5], np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The directory of an export whose base module is no longer there."""
    directory = tmp_path_factory.mktemp("exported")
    base = load_module(tiny_worlds.averaging_module(directory / "base"))
    classifier = ImageClassifier(base, {"label": SoftmaxHead(["a", "b"])}, dropout_rate=0.5)
    classifier.kernels["label"].assign(KERNEL)
    classifier.biases["label"].assign(BIAS)
    write(classifier, str(directory / "export"))
    shutil.rmtree(directory / "base")
    return str(directory / "export")


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(exported)


def test_the_root_gives_logits_and_features(loaded):
    logits = MEANS @ KERNEL + BIAS
    for method in (loaded, loaded.image_classification, lambda images: loaded(images, training=False)):
        np.testing.assert_allclose(method(PIXELS), logits, atol=1e-6)
    np.testing.assert_allclose(loaded.image_feature_vector(PIXELS), MEANS, atol=1e-6)


def test_signatures_by_name(loaded):
    logits = MEANS @ KERNEL + BIAS
    expected = {
        "serving_default": tf.nn.softmax(logits),
        "image_classification": logits,
        "image_feature_vector": MEANS,
    }
    assert set(loaded.signatures) == {*expected, "serving_bytes"}
    for name, values in expected.items():
        signature = loaded.signatures[name]
        assert signature.structured_input_signature == (
            (),
            {"images": tf.TensorSpec([None, 8, 8, 3], tf.float32, name="images")},
        )
        outputs = signature(images=tf.constant(PIXELS))
        assert set(outputs) == {"default"}
        np.testing.assert_allclose(outputs["default"], values, atol=1e-6)


def test_probabilities_of_several_tasks_are_served_by_task(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b"]), "colour": SoftmaxHead(["red", "green", "blue"])}
    write(ImageClassifier(loaded_module, heads), str(tmp_path / "export"))
    outputs = tf.saved_model.load(str(tmp_path / "export")).signatures["serving_default"](
        images=tf.constant(PIXELS)
    )
    assert {task: values.shape.as_list() for task, values in outputs.items()} == {
        "kind": [5, 2],
        "colour": [5, 3],
    }


@pytest.mark.parametrize("takes_bytes", [False, True])
def test_what_serving_default_takes(loaded_module, tmp_path, takes_bytes):
    """In both cases the classifier is read again as it was."""
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    write(model, str(tmp_path / "export"), ExportOptions(takes_bytes=takes_bytes))
    signatures = tf.saved_model.load(str(tmp_path / "export")).signatures
    assert list(signatures["serving_default"].structured_input_signature[1]) == [
        "image_bytes" if takes_bytes else "images"
    ]
    assert ("serving_images" in signatures) == takes_bytes
    again = load_classifier(str(tmp_path / "export")).module
    np.testing.assert_allclose(again.outputs(PIXELS, "serving_default")["default"], 0.5)


@pytest.mark.parametrize("name", ["serving_default", "image_classification", "image_feature_vector"])
@pytest.mark.parametrize("images", [PIXELS * 255, PIXELS - 0.5, PIXELS * np.float32("nan")])
def test_values_outside_of_0_to_1_are_refused(loaded, name, images):
    with pytest.raises(tf.errors.InvalidArgumentError) as info:
        loaded.signatures[name](images=tf.constant(images))
    assert is_out_of_range(info.value)
    method = {"image_feature_vector": loaded.image_feature_vector, "serving_default": loaded}
    with pytest.raises(tf.errors.InvalidArgumentError) as info:
        method.get(name, loaded.image_classification)(images)
    assert is_out_of_range(info.value)


def test_in_training_they_are_taken(loaded):
    logits = loaded(PIXELS * 255, training=True)
    np.testing.assert_allclose(logits, 255 * MEANS @ KERNEL + BIAS, rtol=0, atol=1e-3)


def test_rounding_is_not_refused(loaded):
    outputs = loaded.signatures["serving_default"](images=tf.constant(PIXELS * 1.002))
    assert np.isfinite(outputs["default"]).all()


def test_it_can_be_trained_again_head_and_base(exported):
    loaded = tf.saved_model.load(exported)
    assert len(loaded.variables) == 4
    assert len(loaded.trainable_variables) == 3
    assert [float(loss()) for loss in loaded.regularization_losses] == [3.0]
    before = [variable.numpy() for variable in loaded.variables]
    with tf.GradientTape() as tape:
        logits = loaded(PIXELS, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1, 0, 1, 0], logits))
    gradients = tape.gradient(loss, loaded.trainable_variables)
    for gradient, variable in zip(gradients, loaded.trainable_variables, strict=True):
        variable.assign_sub(0.1 * gradient)
    changed = [not np.array_equal(*pair) for pair in zip(before, loaded.variables, strict=True)]
    assert changed == [True] * 4  # of the base, its moving average, too


def test_no_consumer_side_dropout_is_left_in_it(loaded):
    np.testing.assert_allclose(loaded(PIXELS, training=True), loaded(PIXELS), atol=1e-6)


def test_it_is_an_image_module_of_both_kinds(exported):
    module = load_module(exported)
    assert (module.image_size, module.num_features) == ((8, 8), 3)
    np.testing.assert_allclose(module(PIXELS), MEANS, atol=1e-6)
    np.testing.assert_allclose(
        module.output(PIXELS, "image_classification"), MEANS @ KERNEL + BIAS, atol=1e-6
    )
    again = ImageClassifier(module, {"label": SoftmaxHead(["x", "y", "z"])}, train_base=True)
    assert again(PIXELS).shape == (5, 3)
    assert len(again.regularization_losses) == 1


def test_nothing_is_overwritten(loaded_module, tmp_path):
    (tmp_path / "export").mkdir()
    with pytest.raises(InputError) as raised:
        write(ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    assert str(raised.value) == (
        f"'{tmp_path}/export' exists already, and nothing is overwritten: name a new directory."
    )
    assert os.listdir(tmp_path / "export") == []


def test_an_export_that_is_broken_off_leaves_nothing(loaded_module, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("retrain.exporters.reusable_saved_model.write_documents", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    assert os.listdir(tmp_path) == []
