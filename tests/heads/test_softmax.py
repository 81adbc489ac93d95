import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead(["a", "b", "c"])
LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1.0, 3.0, -2.0]], np.float32)
LABELS = np.array([0, 2, 0], np.int32)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_labels_are_positions_of_names():
    labels = HEAD.encode(["c", "a", "c"])
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 0, 2]
    np.testing.assert_array_equal(HEAD.targets(labels), [[0, 0, 1], [1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_loss_and_its_gradient_against_numpy(smoothing):
    targets = np.eye(3, dtype=np.float32)[LABELS]
    smooth = targets * (1 - smoothing) + smoothing / 3
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = HEAD.loss(HEAD.targets(LABELS), logits, smoothing)
    np.testing.assert_allclose(loss, -(smooth * np.log(softmax(LOGITS))).sum(-1), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, logits), softmax(LOGITS) - smooth, atol=1e-6)


def test_loss_of_many_trials_each_with_its_smoothing():
    many = np.stack([LOGITS, 2 * LOGITS], axis=1)
    smoothing = tf.constant([[0.0], [0.2]])
    losses = HEAD.loss(HEAD.targets(LABELS)[:, None, :], many, smoothing)
    assert losses.shape == (3, 2)
    np.testing.assert_allclose(losses[:, 0], HEAD.loss(HEAD.targets(LABELS), LOGITS), rtol=1e-6)
    np.testing.assert_allclose(losses[:, 1], HEAD.loss(HEAD.targets(LABELS), 2 * LOGITS, 0.2), rtol=1e-6)


def test_loss_stays_finite_for_large_logits():
    loss = HEAD.loss(HEAD.targets(np.array([1])), tf.constant([[1e4, -1e4, 0.0]]))
    np.testing.assert_allclose(loss, [2e4])


def test_probabilities_and_predictions():
    probabilities = HEAD.probabilities(tf.constant(LOGITS)).numpy()
    np.testing.assert_allclose(probabilities, softmax(LOGITS), rtol=1e-6)
    assert HEAD.predicted(probabilities) == ["a", "a", "b"]


def test_without_class_weights_all_examples_count_the_same():
    np.testing.assert_array_equal(HEAD.example_weights(LABELS, "none"), [1, 1, 1])


def test_balanced_weights_give_each_class_an_equal_share():
    labels = np.array([0, 0, 0, 1], np.int32)  # class 2 has no example, and no share
    weights = HEAD.example_weights(labels, "balanced")
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])
    assert weights.mean() == pytest.approx(1)
