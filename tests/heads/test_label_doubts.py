import numpy as np
import pytest

from retrain.heads.label_doubts import doubted
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead

PROBABILITIES = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9], [0.2, 0.8], [0.75, 0.25]])
LABELS = np.array([0, 0, 0, 1, 1, 1])
# Mean probability of the own class: 0.6 and 0.65.


def test_probabilities_count_relative_to_what_is_usual_for_a_class():
    support, suggested, in_doubt = doubted(LABELS, PROBABILITIES)
    expected = (0.3 / 0.6) / (0.3 / 0.6 + 0.7 / 0.65)
    assert support[2] == pytest.approx(expected)
    assert suggested.tolist() == [0, 0, 1, 1, 1, 0]
    assert in_doubt.tolist() == [False, False, True, False, False, True]


def test_a_class_that_no_label_has_is_never_suggested():
    probabilities = np.hstack([PROBABILITIES / 2, np.full([6, 1], 0.5)])
    _, suggested, _ = doubted(LABELS, probabilities)
    assert set(suggested) == {0, 1}


def test_a_head_that_knows_nothing_doubts_nothing():
    probabilities = np.random.default_rng(0).uniform(0.24, 0.26, [50, 4])
    assert not doubted(np.arange(50) % 4, probabilities)[2].any()


def test_softmax_names_the_suggested_class():
    found = SoftmaxHead(["cat", "dog"]).doubts(LABELS, PROBABILITIES)
    assert found.suggested == ["cat", "cat", "dog", "dog", "dog", "cat"]
    assert found.probability.tolist() == [0.9, 0.6, 0.3, 0.9, 0.8, 0.25]


def test_sigmoid_flips_the_most_doubtful_class_and_keeps_what_is_not_known():
    labels = np.array([[1, 0], [1, 0], [1, np.nan], [0, 1], [0, 1]], np.float32)
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.1, 0.1]])
    found = SigmoidHead(["a", "b"]).doubts(labels, probabilities)
    assert found.suggested == ["a", "a", "?b", "b", ""]
    assert found.probability.tolist() == pytest.approx([0.9, 0.8, 0.05, 0.9, 0.1])
    assert found.in_doubt.tolist() == [False, False, True, False, True]
    assert found.support.argsort()[:2].tolist() == [2, 4]
