"""The promises that every row of HEADS makes. A new row adds its labels here, and is held to all of them.

An ordinal head is held to them as well, to show that a third kind takes one file and one row.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

from retrain.extensions import load
from retrain.heads import HEADS as ROWS
from retrain.heads import HeadRow
from retrain.metric import Metric

ORDINAL = HeadRow("tests.contracts.ordinal_head:OrdinalHead", False, ROWS["softmax"].figures)
HEADS = {**ROWS, "ordinal": ORDINAL}
CLASSES = ("a", "b", "c")
# Labels of four examples, as they are written in a table.
LABELS = {
    "softmax": ["a", "c", "b", "a"],
    "sigmoid": ["a|c", "c", "a|b|c", ""],
    "ordinal": ["b", "c", "a", "a"],
}
LOGITS = np.random.default_rng(0).normal(size=[4, 3]).astype(np.float32)

pytestmark = pytest.mark.parametrize("name", HEADS)


def head_type(name):
    return load({kind: row.head for kind, row in HEADS.items()}, name, "head")


def make(name, classes=CLASSES):
    return head_type(name)(classes)


def metrics_of(name):
    return [Metric(figure, None, figure, higher) for figure, higher in HEADS[name].figures.items()]


def test_evidence_is_of_each_example_whatever_is_added_to_all_logits(name):
    evidence = make(name).evidence(tf.constant(LOGITS))
    if evidence is not None:
        assert evidence.shape == (4,)
        np.testing.assert_allclose(make(name).evidence(tf.constant(LOGITS + 7)), evidence, rtol=1e-5)


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


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_an_example_without_a_label_counts_nowhere(name, class_weights):
    head = make(name)
    labels, gaps = head.encode(LABELS[name]), head.encode([*LABELS[name], None])
    assert head.labelled(gaps).tolist() == [True] * 4 + [False]
    trials = tf.stack([head.targets(gaps)] * 2, axis=1)
    assert head.known(trials).numpy().tolist() == [[True] * 2] * 4 + [[False] * 2]
    logits = np.concatenate([LOGITS, LOGITS[:1]])
    for smoothing in (0.0, 0.1):
        losses = head.loss(head.targets(gaps), logits, smoothing).numpy()
        np.testing.assert_array_equal(losses[:4], head.loss(head.targets(labels), LOGITS, smoothing))
        assert losses[4] == 0.0
    weights = head.example_weights(gaps, class_weights)
    assert weights[4] == 0.0
    np.testing.assert_allclose(weights[:4] * 4 / 5, head.example_weights(labels, class_weights), rtol=1e-6)
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    assert head.metrics(gaps, probabilities) == head.metrics(labels, probabilities[:4])


def test_labels_that_probabilities_contradict_are_the_most_doubtful(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    sure = 0.9 * head.targets(labels).numpy() + 0.05
    sure[1] = 1.0 - sure[1]
    doubts = head.doubts(labels, sure)
    assert doubts.support.argmin() == 1
    assert doubts.in_doubt[1]
    assert doubts.probability[1] == pytest.approx(0.05)
    assert all(set(head.names_in(label)) <= set(CLASSES) for label in doubts.suggested)
    assert [of.shape for of in (doubts.probability, doubts.support, doubts.in_doubt)] == [(4,)] * 3
    assert doubts.suggested[1] != LABELS[name][1]


def test_its_trained_form_has_the_same_predictions(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    trained = head.trained_on(labels, "balanced")
    np.testing.assert_array_equal(trained.probabilities(LOGITS), head.probabilities(LOGITS))
    assert np.isfinite(trained.loss(head.targets(labels), LOGITS)).all()


def test_a_temperature_makes_the_labels_no_less_probable_and_is_kept(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    logits = 10 * LOGITS
    calibrated = head.calibrated(labels, logits)
    assert calibrated.temperature > 1
    losses = [
        of.metrics(labels, of.probabilities(tf.constant(logits)).numpy())["average_loss"]
        for of in (head, calibrated)
    ]
    assert losses[1] < losses[0]
    again = head_type(name)(CLASSES, **json.loads(json.dumps(calibrated.settings())))
    np.testing.assert_array_equal(again.probabilities(logits), calibrated.probabilities(logits))
    np.testing.assert_array_equal(
        head.loss(head.targets(labels), logits), calibrated.loss(head.targets(labels), logits)
    )


def test_what_is_decided_is_no_worse_and_is_kept(name):
    head = make(name)
    labels, probabilities = head.encode(LABELS[name]), head.probabilities(tf.constant(LOGITS)).numpy()
    decided = head.decided(labels, probabilities)
    again = head_type(name)(CLASSES, **json.loads(json.dumps(decided.settings())))
    assert again.predicted(probabilities) == decided.predicted(probabilities)
    before, after = (of.metrics(labels, probabilities) for of in (head, decided))
    assert after["macro_f1"] >= before["macro_f1"]


def test_figures_that_the_reports_read(name):
    head = make(name)
    labels, probabilities = head.encode(LABELS[name]), head.probabilities(tf.constant(LOGITS)).numpy()
    figures = head.metrics(labels, probabilities)
    assert json.loads(json.dumps(figures)) == figures
    assert list(figures["classes"]) == list(CLASSES)
    assert all({"f1", "count"} <= set(of) for of in figures["classes"].values())
    assert figures["count"] == 4
    assert next(iter(head.headlines)) == "accuracy"
    assert set(head.headlines) <= set(figures)
    assert 0 <= figures["expected_calibration_error"] <= 1
    confidence = head.confidence(probabilities)
    assert confidence.shape == (4,)
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_names_in_a_label_are_its_classes(name):
    head = head_type(name)
    assert {part for label in LABELS[name] for part in head.names_in(label)} == set(CLASSES)


def test_its_row_says_whether_an_example_may_have_several_labels(name):
    assert (head_type(name).joined(["a", "b"]) is not None) == HEADS[name].takes_several


def test_its_row_names_every_figure_and_the_first_is_the_accuracy(name):
    head = make(name, "abcdefg")
    logits = np.random.default_rng(1).normal(size=[4, 7]).astype(np.float32)
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    figures = head.metrics(head.encode(LABELS[name]), probabilities)
    numbers = {key for key, value in figures.items() if isinstance(value, float)}
    assert numbers == set(HEADS[name].figures)
    assert next(iter(HEADS[name].figures)) == "accuracy"


def test_its_row_says_the_better_direction(name):
    head = make(name, "abcdefg")
    labels = head.encode(LABELS[name])
    perfect = head.metrics(labels, head.targets(labels).numpy())
    for seed in range(20):
        logits = np.random.default_rng(seed).normal(size=[4, 7]).astype(np.float32)
        random = head.metrics(labels, head.probabilities(tf.constant(logits)).numpy())
        for metric in metrics_of(name):
            assert not metric.is_better(metric.value(random), metric.value(perfect)), metric.name
            assert metric.value(random) != metric.value(perfect) or metric.name == "top_5_accuracy"


def test_classes_come_from_cells_and_from_folders(name):
    assert head_type(name).classes_in("kind", [*LABELS[name], None]) == list(CLASSES)
    assert head_type(name).classes_of_folders(["c", "a", "b"]) == list(CLASSES)


def test_examples_of_the_same_label_are_of_one_stratum(name):
    head = make(name)
    strata = head.strata(head.encode([*LABELS[name], *LABELS[name], None]))
    assert (strata.shape, strata.dtype.kind) == ((9,), "i")
    cells = [*LABELS[name], *LABELS[name], None]
    for one in range(9):
        for other in range(9):
            assert (strata[one] == strata[other]) == (cells[one] == cells[other])


def test_the_loss_of_a_head_that_knows_nothing_is_about_that_of_chance(name):
    head = make(name)
    loss = head.loss(head.targets(head.encode(LABELS[name])), tf.zeros([4, 3])).numpy().mean()
    assert 0.5 * head.chance_loss <= loss <= 1.001 * head.chance_loss


def test_what_is_right_is_what_the_accuracy_counts(name):
    head = make(name)
    labels = head.encode([*LABELS[name], None])
    assert head.right(labels, head.targets(labels).numpy()).tolist() == [True] * 4 + [False]
    for seed in range(10):
        logits = np.random.default_rng(seed).normal(size=[5, 3]).astype(np.float32)
        probabilities = head.probabilities(tf.constant(logits)).numpy()
        right = head.right(labels, probabilities)
        assert (right.shape, right.dtype) == ((5,), bool)
        assert right.sum() / 4 == head.metrics(labels, probabilities)["accuracy"]


def test_scores_of_images_add_up_to_the_figure_and_higher_is_better(name):
    head = make(name).replaced(temperature=2.0)
    labels = head.encode(LABELS[name])
    probabilities = head.probabilities(tf.constant(LOGITS)).numpy()
    figures = head.metrics(labels, probabilities)
    for metric in metrics_of(name):
        scores = head.scores(metric, labels, LOGITS, probabilities)
        assert (scores.shape, scores.dtype) == ((4,), np.float32)
        expected = figures["accuracy"] if metric.higher_is_better else -figures["average_loss"]
        assert scores.mean() == pytest.approx(expected, rel=1e-5)


def test_its_headline_is_one_line_with_names_and_figures(name):
    head = make(name)
    labels, probabilities = head.encode(LABELS[name]), head.probabilities(tf.constant(LOGITS)).numpy()
    figures = head.metrics(labels, probabilities)
    line = head.headline(figures, "validation", "kind")
    assert line.startswith("Validation ")
    assert " of kind " in line
    assert f"{figures['accuracy']:.1%}" in line
    assert "\n" not in line
    assert head.headline(figures)[0].isupper()


def test_facts_about_labels_can_be_written_down(name):
    facts = make(name).label_facts([*LABELS[name], None], [True] * 5)
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["head"], facts["labelled"]) == (name, 4)
    line = head_type(name).facts_line(facts)
    assert "4 images" in line
    assert line.endswith(".")


def test_what_has_been_seen_can_be_known(name):
    head = make(name)
    labels = head.encode(LABELS[name])
    assert not head.of_unseen(labels, np.ones(4, bool)).any()
    assert head.of_unseen(labels, np.zeros(4, bool)).shape == (4,)
