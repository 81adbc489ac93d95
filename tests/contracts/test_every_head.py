"""The promises that every row of HEADS makes. A new row adds its labels here, and is held to all of them."""

import numpy as np
import pytest
import tensorflow as tf

from retrain.extensions import load
from retrain.heads import HEADS

CLASSES = ("a", "b", "c")
# Labels of four examples, as they are written in a table.
LABELS = {"softmax": ["a", "c", "b", "a"]}
LOGITS = np.random.default_rng(0).normal(size=[4, 3]).astype(np.float32)

pytestmark = pytest.mark.parametrize("name", HEADS)


def make(name):
    return load(HEADS, name, "head")(CLASSES)


def test_every_row_is_tested(name):
    assert name in LABELS


def test_it_knows_its_row_and_its_classes(name):
    head = make(name)
    assert head.kind == name
    assert (head.class_names, head.num_classes) == (CLASSES, 3)


def test_targets_are_perfect_probabilities(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    targets = head.targets(labels)
    assert (targets.dtype, targets.shape) == (tf.float32, (4, 3))
    assert head.predicted(targets.numpy()) == LABELS[name]
    assert head.metrics(labels, targets.numpy())["accuracy"] == 1.0


def test_gradients_reach_every_example(name):
    head = make(name)
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = head.loss(head.targets(head.encode(LABELS[name])), logits)
    assert loss.shape == (4,)
    gradient = tape.gradient(loss, logits).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).any(axis=1).all()


def test_a_step_against_the_gradient_lowers_the_loss(name):
    head = make(name)
    targets = head.targets(head.encode(LABELS[name]))
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = head.loss(targets, logits)
    better = head.loss(targets, logits - 0.1 * tape.gradient(loss, logits))
    assert (better < loss).numpy().all()


def test_smoothing_moves_the_loss_and_none_leaves_it(name):
    head = make(name)
    targets = head.targets(head.encode(LABELS[name]))
    plain = head.loss(targets, LOGITS).numpy()
    assert np.array_equal(head.loss(targets, LOGITS, 0.0), plain)
    assert (head.loss(targets, LOGITS, 0.2).numpy() != plain).all()


def test_trials_beside_examples_are_computed_apart(name):
    head = make(name)
    targets = head.targets(head.encode(LABELS[name]))
    both = head.loss(targets[:, None], np.stack([LOGITS, -LOGITS], axis=1))
    np.testing.assert_allclose(both[:, 0], head.loss(targets, LOGITS), rtol=1e-6)
    np.testing.assert_allclose(both[:, 1], head.loss(targets, -LOGITS), rtol=1e-6)


def test_metrics_over_parts_are_those_over_the_whole(name):
    head = make(name)
    labels, probabilities = head.encode(LABELS[name]), head.probabilities(tf.constant(LOGITS)).numpy()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    parts = [head.metrics(labels[part], probabilities[part]) for part in (slice(3), slice(3, 4))]
    whole = head.metrics(labels, probabilities)
    for key in ("accuracy", "average_loss"):
        assert whole[key] == pytest.approx((3 * parts[0][key] + parts[1][key]) / 4, rel=1e-5)


def test_loss_of_training_and_of_the_metrics_agree(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    figures = head.metrics(labels, head.probabilities(tf.constant(LOGITS)).numpy())
    assert figures["average_loss"] == pytest.approx(
        float(np.mean(head.loss(head.targets(labels), LOGITS))), rel=1e-5
    )


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_example_weights_have_mean_1(name, class_weights):
    head = make(name)
    weights = head.example_weights(head.encode(LABELS[name]), class_weights)
    assert (weights.shape, weights.dtype) == ((4,), np.float32)
    assert weights.mean() == pytest.approx(1)
