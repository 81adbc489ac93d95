import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrain.examples.labelled import TaskExamples
from retrain.head_search.folds import (
    assign_folds,
    cross_validation,
    judged_in_folds,
    one_fold,
    task_folds,
)
from retrain.heads.softmax import SoftmaxHead
from tests.examples.worlds import made_up

STRATA = np.arange(30) % 3
FOLD_OF = assign_folds(STRATA, None, 5, 0)
EXAMPLES = TaskExamples(
    np.arange(8, dtype=np.float32).reshape(4, 2), np.array([0, 1, 0, 1], np.int32), np.ones(4, np.float32)
)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), min_size=5, max_size=60),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_a_group_lies_in_one_fold(examples, folds, seed):
    strata, groups = np.array(examples).T
    fold_of = assign_folds(strata, groups, folds, seed)
    assert fold_of.shape == strata.shape
    assert all(len(np.unique(fold_of[groups == group])) == 1 for group in groups)
    count = len(np.unique(groups))
    assert set(np.unique(fold_of)) == set(range(min(folds, count)))


def test_every_stratum_is_spread_over_all_folds():
    for fold in range(5):
        assert np.bincount(STRATA[fold == FOLD_OF]).tolist() == [2, 2, 2]


def test_another_seed_makes_other_folds():
    assert not np.array_equal(FOLD_OF, assign_folds(STRATA, None, 5, 1))


def test_in_its_fold_an_example_weighs_nothing_and_is_judged_by():
    folds = cross_validation(EXAMPLES, np.array([1, 0, 1, 2]))
    assert folds.shares.tolist() == [[1, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert folds.shares.dtype == np.float32
    assert [split.features[:, 0].tolist() for split in folds.validations] == [[2], [0, 4], [6]]
    assert folds.train is EXAMPLES


def test_one_fold_is_trained_on_all():
    folds = one_fold(EXAMPLES, None)
    assert (folds.shares.tolist(), list(folds.validations)) == ([[1], [1], [1], [1]], [])
    validation = EXAMPLES.rows([0])
    assert list(one_fold(EXAMPLES, validation).validations) == [validation]


def test_what_is_of_a_class_that_no_other_fold_has_cannot_be_judged():
    head, fold_of = SoftmaxHead(["a", "b", "c"]), np.array([0, 1, 0, 0, 1])
    labels = np.array([0, 0, 1, 1, 2], np.int32)
    assert judged_in_folds(head, labels, fold_of).tolist() == [True, True, False, False, False]
    assert not judged_in_folds(head, labels, np.zeros(5, int)).any()


def test_the_folds_of_a_task_are_of_the_examples_that_have_a_label():
    cells, groups = [None, *"abababab"], ["0", *"11223344"]
    examples = made_up([f"{row}.jpg" for row in range(9)], kind=cells).with_groups(groups)
    expected = assign_folds(np.arange(8) % 2, groups[1:], 3, 7)
    np.testing.assert_array_equal(task_folds(examples, "kind", 3, 7), expected)
