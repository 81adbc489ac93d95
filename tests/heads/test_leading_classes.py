import numpy as np
import pytest

from retrain.heads.computed_rows import ComputedRows
from retrain.heads.leading_classes import is_leading, leading_classes, most_probable, share_of_label
from retrain.heads.softmax import SoftmaxHead

COUNT, CLASSES = 9, 7
PROBABILITIES = np.random.default_rng(0).dirichlet(np.ones(CLASSES), COUNT).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 4, 5, 6, -1, 0], np.int32)
HEAD = SoftmaxHead("abcdefg")


@pytest.fixture
def leading(monkeypatch):
    """Of rows that are computed two at a time."""
    monkeypatch.setattr("retrain.heads.computed_rows.CELLS", 2 * CLASSES)
    computed = ComputedRows(PROBABILITIES.__getitem__, np.arange(COUNT), CLASSES)
    return HEAD.kept(LABELS, computed)


def test_all_is_told_of_them_that_is_told_of_all_probabilities(leading):
    assert HEAD.metrics(LABELS, leading) == HEAD.metrics(LABELS, PROBABILITIES)
    assert HEAD.predicted(leading) == HEAD.predicted(PROBABILITIES)
    for of in ("right", "certainties"):
        found, expected = (getattr(HEAD, of)(LABELS, values) for values in (leading, PROBABILITIES))
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(HEAD.confidence(leading), HEAD.confidence(PROBABILITIES))
    for found, expected in zip(most_probable(leading, 3), most_probable(PROBABILITIES, 3), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_rows_of_them_are_of_these_examples(leading):
    chosen = LABELS > 2
    some = leading[chosen]
    assert (len(some), some.shape) == (4, (4, CLASSES))
    assert HEAD.metrics(LABELS[chosen], some) == HEAD.metrics(LABELS[chosen], PROBABILITIES[chosen])


def test_of_few_classes_all_is_kept():
    assert HEAD.kept(LABELS, PROBABILITIES) is PROBABILITIES


def test_the_order_among_those_that_lead_does_not_matter():
    probabilities = np.array([[0.05, 0.1, 0.15, 0.2, 0.24, 0.26]] * 6)
    assert is_leading(np.arange(6), probabilities).tolist() == [False, True, True, True, True, True]


def test_a_label_has_a_share_of_the_sum():
    np.testing.assert_allclose(share_of_label(np.array([1]), np.array([[0.25, 0.25]])), [0.5])


def test_of_several_that_are_equally_probable_the_first_leads():
    equal = ComputedRows(lambda at: np.full([len(at), CLASSES], 1 / CLASSES), np.arange(2), CLASSES)
    np.testing.assert_array_equal(leading_classes(np.zeros(2, int), equal).classes, [[0, 1, 2, 3, 4]] * 2)
