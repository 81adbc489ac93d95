import re

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.softmax import SoftmaxHead
from retrain.model import FEATURES, IMAGES, ImageClassifier, drop_features, variables_from
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR, SERVING_SIGNATURE

PIXELS = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)
MEANS = PIXELS.mean(axis=(1, 2))  # what the averaging module gives
KERNEL = np.array([[1.0, -1.0], [0.5, 2.0], [-3.0, 0.0]], np.float32)
BIAS = np.array([0.25, -0.5], np.float32)


@pytest.fixture
def classifier(loaded_module) -> ImageClassifier:
    made = ImageClassifier(loaded_module, {"label": SoftmaxHead(["no", "yes"])}, dropout_rate=0.5)
    made.kernels["label"].assign(KERNEL)
    made.biases["label"].assign(BIAS)
    return made


def test_an_untrained_classifier_finds_every_class_equally_probable(loaded_module):
    classifier = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b", "c", "d"])})
    outputs = classifier.outputs(PIXELS, SERVING_SIGNATURE)
    np.testing.assert_array_equal(outputs["default"], np.full([4, 4], 0.25))


def test_the_names_of_classes_make_a_softmax_head(loaded_module):
    head = ImageClassifier(loaded_module, {"kind": ["cat", "dog"]}).heads["kind"]
    assert (head.kind, head.class_names) == ("softmax", ("cat", "dog"))


@pytest.mark.parametrize("given", ["cat", ["cat"], ["cat", "cat"], [], 2, None])
def test_what_makes_no_head(loaded_module, given):
    with pytest.raises(InputError) as raised:
        ImageClassifier(loaded_module, {"kind": given})
    assert str(raised.value) == (
        f"Task 'kind' needs a head, or the names of 2 different classes or more, but {given!r} was given."
    )


@pytest.mark.parametrize("given", [["cat", "dog"], "cat", 2, None, {}])
def test_what_names_no_task(loaded_module, given):
    with pytest.raises(InputError) as raised:
        ImageClassifier(loaded_module, given)
    assert str(raised.value) == (
        f"A classifier needs the classes of each task, such as {{'kind': ['cat', 'dog']}}, but {given!r} was "
        f"given: name each task."
    )


def test_what_is_no_module():
    with pytest.raises(InputError) as raised:
        ImageClassifier("builtin:", {"kind": ["cat", "dog"]})
    assert str(raised.value) == (
        "A classifier is made of an image module, but 'builtin:' was given: load one by "
        "retrain.load_module(...)."
    )


def test_it_is_an_image_module(classifier):
    logits = MEANS @ KERNEL + BIAS
    exponentials = np.exp(logits)
    expected = {
        IMAGE_FEATURE_VECTOR: MEANS,
        IMAGE_CLASSIFICATION: logits,
        SERVING_SIGNATURE: exponentials / exponentials.sum(axis=1, keepdims=True),
    }
    assert set(classifier.signatures) == set(expected)
    for signature, values in expected.items():
        outputs = classifier.outputs(PIXELS, signature)
        assert set(outputs) == {"default"}
        np.testing.assert_allclose(outputs["default"], values, rtol=1e-5, atol=1e-6)
        spec = classifier.signatures[signature].outputs["default"]
        assert spec.shape.as_list() == [None, values.shape[1]]
    assert (classifier.num_features, classifier.image_size) == (3, (8, 8))
    np.testing.assert_allclose(classifier(PIXELS), MEANS, rtol=1e-5)


def test_features_are_taken_as_given_or_from_the_images(classifier):
    np.testing.assert_allclose(classifier.features({IMAGES: PIXELS}), MEANS, rtol=1e-5)
    assert classifier.features({FEATURES: MEANS}) is MEANS


def test_several_tasks_have_a_head_each_and_the_first_is_the_primary(loaded_module):
    heads = {"kind": SoftmaxHead(["a", "b"]), "colour": SoftmaxHead(["red", "green", "blue"])}
    classifier = ImageClassifier(loaded_module, heads)
    assert classifier.primary_task == "kind"
    logits = classifier.logits(tf.constant(MEANS))
    assert {task: values.shape.as_list() for task, values in logits.items()} == {
        "kind": [4, 2],
        "colour": [4, 3],
    }
    assert set(classifier.outputs(PIXELS, SERVING_SIGNATURE)) == {"kind", "colour"}
    assert set(classifier.signatures[SERVING_SIGNATURE].outputs) == {"kind", "colour"}
    assert classifier.outputs(PIXELS, IMAGE_CLASSIFICATION)["default"].shape == (4, 2)
    assert classifier.outputs(PIXELS, f"{IMAGE_CLASSIFICATION}/colour")["default"].shape == (4, 3)


def test_what_a_signature_gives_of_a_task_computes_no_other(loaded_module):
    heads = {task: SoftmaxHead(["a", "b"]) for task in ("kind", "colour", "size")}
    classifier, of_features = ImageClassifier(loaded_module, heads), tf.TensorSpec([None, 3])

    def products(signature: str) -> int:
        function = tf.function(lambda features: classifier.outputs_from(features, signature), autograph=False)
        operations = function.get_concrete_function(of_features).graph.get_operations()
        return sum(operation.type == "MatMul" for operation in operations)

    assert products(f"{IMAGE_CLASSIFICATION}/colour") == products(IMAGE_CLASSIFICATION) == 1
    assert products(SERVING_SIGNATURE) == 3


def test_a_frozen_base_is_not_trained_and_not_penalized(loaded_module):
    heads = {"label": SoftmaxHead(["a", "b"])}
    frozen, tuned = (ImageClassifier(loaded_module, heads, train_base=tuned) for tuned in (False, True))
    assert len(frozen.trainable_variables) == 2
    assert len(tuned.trainable_variables) == 3
    assert len(frozen.variables) == len(tuned.variables) == 4
    assert len(frozen.regularization_losses) == 0
    assert [float(loss()) for loss in tuned.regularization_losses] == [3.0]


def test_dropout_is_for_training_only_and_a_function_of_the_seed(classifier):
    features = tf.constant(MEANS)
    plain = classifier.logits(features)["label"]
    np.testing.assert_allclose(plain, MEANS @ KERNEL + BIAS, rtol=1e-5)
    first, again, other = (classifier.logits(features, (0, step))["label"] for step in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, plain)


def test_dropped_features_are_zero_and_the_others_make_up_for_them():
    dropped = drop_features(tf.ones([1000, 20]), 0.25, (3, 4)).numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    # Whole features or whole examples would be another regularizer.
    assert 0.1 < (dropped == 0).mean(axis=0).min() < (dropped == 0).mean(axis=0).max() < 0.4
    np.testing.assert_array_equal(drop_features(tf.ones([2, 2]), 0.0, (0, 0)), np.ones([2, 2]))


def layers(*names: str) -> list[tf.Variable]:
    return [tf.Variable(0.0, name=name) for name in names]


def test_variables_from_the_first_one_that_matches():
    variables = layers("Conv_0/weights", "Conv_1/weights", "Conv_1/bias", "Conv_10/weights")
    assert list(variables_from(variables, re.compile("Conv_1/"))) == variables[1:]
    assert list(variables_from(variables, re.compile("^Conv_1.*bias"))) == variables[2:]


def test_a_pattern_that_matches_no_variable():
    with pytest.raises(InputError) as raised:
        variables_from(layers("Conv_0/weights", "Conv_1/weights"), re.compile("block"))
    assert str(raised.value) == (
        "--fine_tune_from='block' matches no variable of the module that can be trained; some of its 2 "
        "names, in order: 'Conv_0/weights', 'Conv_1/weights'."
    )


def test_only_the_variables_from_there_on_are_trained(loaded_module):
    heads = {"label": SoftmaxHead(["no", "yes"])}
    assert ImageClassifier(loaded_module, heads).trained_base_variables == ()
    tuned = ImageClassifier(loaded_module, heads, train_base=True, fine_tune_from=re.compile("scale"))
    assert [v.name for v in tuned.trained_base_variables] == ["scale:0"]
    assert [v.name for v in tuned.trainable_variables] == ["scale:0", "label/kernel:0", "label/bias:0"]


@pytest.mark.parametrize(
    ("train_base", "freeze_batch_norm", "changes"),
    [(False, False, False), (True, False, True), (True, True, False)],
)
def test_statistics_of_batches_change_only_in_a_base_that_is_trained(
    averaging_module, train_base, freeze_batch_norm, changes
):
    module = load_module(averaging_module)
    settings = {"train_base": train_base, "freeze_batch_norm": freeze_batch_norm}
    classifier = ImageClassifier(module, {"label": SoftmaxHead(["no", "yes"])}, **settings)
    classifier.features({IMAGES: PIXELS}, training=True)
    [average] = [variable for variable in module.variables if not variable.trainable]
    assert bool(np.any(average.numpy())) is changes


def test_other_heads_or_another_base_with_the_same_weights(classifier, averaging_module):
    decided = classifier.with_heads({"label": SoftmaxHead(["no", "yes"], temperature=2.0)})
    assert decided.heads["label"].temperature == 2.0
    classifier.biases["label"].assign([9.0, 9.0])
    np.testing.assert_array_equal(decided.kernels["label"], KERNEL)
    np.testing.assert_array_equal(decided.biases["label"], BIAS)
    base = load_module(averaging_module)
    base.variables[0].assign([7.0, 7.0, 7.0])
    moved = decided.with_base(base)
    np.testing.assert_array_equal(base.variables[0], np.ones(3))
    np.testing.assert_array_equal(moved.logits(MEANS)["label"], MEANS @ KERNEL + BIAS)


def test_a_part_of_a_batch_drops_what_the_whole_would():
    whole = drop_features(tf.ones([7, 5]), 0.5, (1, 2)).numpy()
    np.testing.assert_array_equal(drop_features(tf.ones([3, 5]), 0.5, (1, 2), first_row=4), whole[4:])
