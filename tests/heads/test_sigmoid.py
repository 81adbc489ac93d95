import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.sigmoid import SigmoidHead

HEAD = SigmoidHead(["a", "b", "c"])
LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1.0, 3.0, -2.0]], np.float32)
NAN = np.nan
LABELS = np.array([[1, 0, 1], [NAN, NAN, NAN], [0, NAN, 0]], np.float32)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def test_labels_are_sets_of_names_and_may_be_unknown_in_part():
    labels = HEAD.encode(["c|a", None, "?b", ""])
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, [[1, 0, 1], [NAN] * 3, [0, NAN, 0], [0, 0, 0]])
    assert HEAD.labelled(labels).tolist() == [True, False, True, True]
    assert SigmoidHead.names_in("c|?a") == ["c", "a"]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_and_its_gradient_against_numpy(smoothing):
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = HEAD.loss(HEAD.targets(LABELS), logits, smoothing)
    smooth, p = LABELS * (1 - smoothing) + smoothing / 2, sigmoid(LOGITS)
    cells = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p))
    expected = [cells[0].mean(), 0.0, cells[2, [0, 2]].mean()]
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    known = np.array([3, np.inf, 2])[:, None]
    np.testing.assert_allclose(tape.gradient(loss, logits), np.nan_to_num(p - smooth) / known, atol=1e-6)


def test_loss_stays_finite_for_large_logits():
    loss = HEAD.loss(HEAD.targets(np.float32([[1, 0, 0]])), tf.constant([[-1e4, 1e4, -1e4]]))
    np.testing.assert_allclose(loss, [2e4 / 3])


def test_balanced_a_rare_class_counts_as_much_as_its_absence():
    labels = np.float32([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [NAN, NAN, NAN]])
    plain = HEAD.trained_on(labels, "none")
    assert (plain.num_classes, plain.positive_weights) == (3, None)
    assert SigmoidHead(["x", "y", "z"], thresholds=[0.1, 0.2, 0.3]).trained_on(labels, "none") is plain
    head = HEAD.trained_on(labels, "balanced")
    assert head.positive_weights == pytest.approx([3, 1 / 3, 1])
    zeros = np.zeros([5, 3], np.float32)
    np.testing.assert_allclose(
        head.loss(head.targets(labels), zeros)[0], np.log(2) * (3 + 1 / 3 + 1) / 3, rtol=1e-6
    )
    np.testing.assert_allclose(head.loss(head.targets(labels), zeros)[3], np.log(2), rtol=1e-6)


def test_what_reaches_its_threshold_is_predicted():
    probabilities = np.array([[0.6, 0.2, 0.5], [0.4, 0.1, 0.3]])
    assert HEAD.predicted(probabilities) == ["a|c", ""]
    head = HEAD.replaced(thresholds=[0.7, 0.2, 0.3])
    assert head.predicted(probabilities) == ["b|c", "c"]
    np.testing.assert_allclose(HEAD.confidence(probabilities), [0.5, 0.6])


def test_settings_are_those_that_are_not_the_usual():
    assert HEAD.settings() == {}
    assert HEAD.replaced(temperature=2.0).settings() == {"temperature": 2.0}
    both = HEAD.replaced(temperature=2.0).replaced(thresholds=[0.5, 0.25, 0.5])
    assert both.settings() == {"temperature": 2.0, "thresholds": [0.5, 0.25, 0.5]}


def test_one_class_is_enough():
    head = SigmoidHead(["a"])
    labels = head.encode(["a", "", "a"])
    assert head.metrics(labels, np.array([[0.9], [0.2], [0.1]]))["micro_f1"] == pytest.approx(2 / 3)


def test_certainties_are_of_each_known_class():
    head = SigmoidHead(["a", "b"])
    labels = np.array([[1.0, 0.0], [np.nan, 1.0]], np.float32)
    probabilities = np.array([[0.75, 0.75], [0.25, 0.625]], np.float32)
    sure, right = head.certainties(labels, probabilities)
    np.testing.assert_array_equal(sure, [0.75, 0.75, 0.625])
    np.testing.assert_array_equal(right, [True, False, True])


def test_detections_are_of_classes_that_some_have_and_others_have_not():
    head = SigmoidHead(["a", "b", "c"])
    labels = np.array([[1.0, 0.0, 1.0], [0.0, np.nan, 1.0], [np.nan, 0.0, 1.0]], np.float32)
    probabilities = np.array([[0.75, 0.5, 0.5], [0.25, 0.5, 0.5], [0.5, 0.5, 0.5]], np.float32)
    found = head.detections(labels, probabilities)
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"][0], [True, False])
    np.testing.assert_array_equal(found["a"][1], [0.75, 0.25])
