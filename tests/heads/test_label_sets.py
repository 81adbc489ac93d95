import numpy as np
import pytest
from sklearn.metrics import f1_score

from retrain.heads.label_sets import best_thresholds, orthogonal_classes

NAN = np.nan
LABELS = np.array([[1, 0], [1, 1], [0, 0], [0, NAN]])
PROBABILITIES = np.array([[0.9, 0.6], [0.4, 0.8], [0.3, 0.1], [0.2, 0.99]])
HALF = np.array([0.5, 0.5])


@pytest.fixture(scope="module")
def figures():
    return orthogonal_classes(LABELS, PROBABILITIES, ("a", "b"), np.array([0.35, 0.5]))


def test_an_example_is_right_when_all_that_is_known_is(figures):
    assert (figures["accuracy"], figures["exact_match"], figures["count"]) == (0.75, 0.75, 4)
    assert figures["hamming_loss"] == pytest.approx(1 / 7)


def test_f1_at_the_thresholds_and_at_one_half(figures):
    assert figures["micro_f1"] == pytest.approx(6 / 7)
    assert figures["macro_f1"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["sample_f1"] == pytest.approx((2 / 3 + 1 + 1 + 1) / 4)
    assert figures["micro_f1_at_0.5"] == pytest.approx(4 / 6)
    assert figures["macro_f1_at_0.5"] == pytest.approx(2 / 3)


def test_figures_by_class_leave_out_what_is_not_known(figures):
    assert figures["classes"]["a"] == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "count": 2,
        "threshold": 0.35,
        "average_precision": 1.0,
        "auc": 1.0,
    }
    assert figures["classes"]["b"]["auc"] == 1.0  # the fourth example would be above all
    assert (figures["mean_average_precision"], figures["auc"]) == (1.0, 1.0)


def test_loss_is_the_mean_over_examples_of_the_mean_over_known_classes(figures):
    rows = [np.log([0.9, 0.4]).mean(), np.log([0.4, 0.8]).mean(), np.log([0.7, 0.9]).mean(), np.log(0.8)]
    assert figures["average_loss"] == pytest.approx(-np.mean(rows))


def test_a_class_that_no_example_has_and_one_of_which_nothing_is_known():
    labels = np.array([[0, NAN], [0, NAN]])
    figures = orthogonal_classes(labels, PROBABILITIES[:2], ("a", "b"), HALF)
    assert figures["classes"]["a"]["auc"] is None
    assert figures["classes"]["b"]["f1"] == 0.0
    assert figures["auc"] is None


def test_thresholds_tell_apart_what_can_be_told_apart():
    labels = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, NAN]])
    scores = np.array([[0.4, 0.9, 0.9], [0.3, 0.1, 0.2], [0.1, 0.8, 0.8], [0.0, 0.7, 0.7]])
    assert best_thresholds(labels, scores, 0.5) == [0.2, 0.5, 0.5]


def test_no_other_threshold_is_better():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, [40, 3]), rng.random([40, 3]).round(1)
    for found, of_class, score in zip(best_thresholds(labels, scores, 0.5), labels.T, scores.T, strict=True):
        best = max(f1_score(of_class, score >= other, zero_division=0) for other in np.linspace(0, 1, 101))
        assert f1_score(of_class, score >= found) == pytest.approx(best)
