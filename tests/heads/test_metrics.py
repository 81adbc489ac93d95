import numpy as np
import pytest
import sklearn.metrics

from retrain.heads.metrics import (
    exclusive_classes,
    expected_calibration_error,
    some_of_many_classes,
    wilson_interval,
)

NAMES = ("a", "b", "c")
LABELS = np.array([0, 0, 1, 1, 1])
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.5, 0.25, 0.25]], np.float32
)


@pytest.fixture(scope="module")
def figures():
    return exclusive_classes(LABELS, PROBABILITIES, NAMES)


def test_accuracy_counts_what_is_predicted_rightly(figures):
    assert figures["accuracy"] == 0.6
    assert figures["accuracy_interval"] == wilson_interval(3, 5)
    assert figures["count"] == 5


def test_loss_is_the_mean_of_the_negative_logarithms(figures):
    expected = -np.mean(np.log([0.7, 0.2, 0.8, 0.4, 0.25]))
    assert figures["average_loss"] == pytest.approx(expected, rel=1e-6)


def test_rows_of_the_confusion_matrix_are_labels(figures):
    assert figures["confusion_matrix"] == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]


def test_of_many_classes_what_was_confused_is_listed(figures, monkeypatch):
    monkeypatch.setattr("retrain.heads.metrics.MATRIX", 2)
    listed = exclusive_classes(LABELS, PROBABILITIES, NAMES)
    assert listed.pop("confusions") == [["a", "b", 1], ["b", "a", 1]]
    assert listed == {key: value for key, value in figures.items() if key != "confusion_matrix"}


def test_every_class_has_its_figures_also_one_without_examples(figures):
    assert figures["classes"] == {
        "a": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "count": 2},
        "b": {
            "precision": pytest.approx(2 / 3),
            "recall": pytest.approx(2 / 3),
            "f1": pytest.approx(2 / 3),
            "count": 3,
        },
        "c": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "count": 0},
    }


def test_a_certain_mistake_costs_much_but_not_infinitely_much():
    figures = exclusive_classes(np.array([1]), np.array([[1.0, 0.0]], np.float32), ("a", "b"))
    assert 30 < figures["average_loss"] < 100


def test_top_5_is_given_from_six_classes_on(figures):
    assert "top_5_accuracy" not in figures
    probabilities = np.array([[0.3, 0.25, 0.2, 0.1, 0.09, 0.06]] * 2, np.float32)
    six = exclusive_classes(np.array([4, 5]), probabilities, tuple("abcdef"))
    assert six["top_5_accuracy"] == 0.5
    assert six["accuracy"] == 0.0


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(successes, count, low, high):
    assert wilson_interval(successes, count) == pytest.approx([low, high], abs=5e-5)


def test_wilson_interval_stays_between_0_and_1():
    for count in range(1, 50):
        for successes in range(count + 1):
            low, high = wilson_interval(successes, count)
            assert 0.0 <= low <= successes / count + 1e-12
            assert successes / count - 1e-12 <= high <= 1.0


def test_figures_by_class_are_those_of_scikit_learn():
    """Labels are of ten of the twelve classes, predictions of all."""
    random = np.random.default_rng(0)
    labels, probabilities = random.integers(0, 10, 200), random.dirichlet(np.ones(12), 200)
    predicted, names = probabilities.argmax(axis=1), [*"abcdefghijkl"]
    found = exclusive_classes(labels, probabilities, names)
    rows = sklearn.metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    keys = ("precision", "recall", "f1", "count")
    assert [[of[key] for of in found["classes"].values()] for key in keys] == [row.tolist() for row in rows]
    assert found["confusion_matrix"] == sklearn.metrics.confusion_matrix(labels, predicted).tolist()
    for average in ("macro", "weighted"):
        f1 = sklearn.metrics.f1_score(labels, predicted, average=average)
        assert found[f"{average}_f1"] == pytest.approx(f1, rel=1e-12)
    recall = [found["classes"][name]["recall"] for name in names[:10]]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recall), rel=1e-12)
    few = some_of_many_classes(labels, probabilities, {"b": 1, "d": 3})
    assert few["classes"] == {name: found["classes"][name] for name in "bd"}


def test_means_over_classes(figures):
    assert figures["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert figures["macro_f1"] == pytest.approx((0.5 + 2 / 3) / 2)
    assert figures["weighted_f1"] == pytest.approx((2 * 0.5 + 3 * 2 / 3) / 5)


def test_calibration_error_is_the_gap_between_confidence_and_what_is_right():
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0.0
    right = np.array([True, False, True, True])
    gap = expected_calibration_error(np.array([0.61, 0.65, 0.95, 1.0]), right)
    assert gap == pytest.approx((abs(1.26 - 1) + abs(1.95 - 2)) / 4)
