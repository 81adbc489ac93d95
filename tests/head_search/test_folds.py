import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.examples.task_examples import TaskExamples
from retrain.head_search.folds import assign_folds, out_of_sample
from retrain.head_search.halving import Halving
from retrain.head_search.trial import Trial
from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead(["a", "b", "c"])
TRIALS = [
    Trial(0.1, 0.01, steps=20, batch_size=8),
    Trial(0.05, 0.0, steps=20, batch_size=8, dropout_rate=0.5),
    Trial(1e30, 1e30, steps=20, batch_size=8),
]


def make_split(count: int) -> TaskExamples:
    random = np.random.default_rng(0)
    labels = (np.arange(count) % 3).astype(np.int32)
    features = np.eye(3, 5)[labels] + random.normal(1.0, 0.3, size=[count, 5])
    return TaskExamples(
        features.astype(np.float32), labels, random.uniform(0.5, 1.5, count).astype(np.float32)
    )


TRAIN = make_split(30)
FOLD_OF = assign_folds(TRAIN.labels, None, 5, 0)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), min_size=5, max_size=60),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_a_group_lies_in_one_fold(examples, folds, seed):
    labels, groups = np.array(examples).T
    fold_of = assign_folds(labels, groups, folds, seed)
    assert fold_of.shape == labels.shape
    assert all(len(np.unique(fold_of[groups == group])) == 1 for group in groups)
    count = len(np.unique(groups))
    assert set(np.unique(fold_of)) == set(range(min(folds, count)))


def test_every_class_is_spread_over_all_folds():
    for fold in range(5):
        assert np.bincount(TRAIN.labels[fold == FOLD_OF]).tolist() == [2, 2, 2]


def test_folds_of_label_sets_and_of_another_seed():
    labels = np.array([[1, 0], [0, np.nan], [1, 0], [0, np.nan]], np.float32)
    assert sorted(assign_folds(labels, None, 2, 0)[[0, 2]]) == [0, 1]
    assert not np.array_equal(FOLD_OF, assign_folds(TRAIN.labels, None, 5, 1))


def test_a_held_out_example_has_no_part_in_the_head_that_predicts_it():
    plain = out_of_sample(HEAD, TRIALS[:2], TRAIN, FOLD_OF)
    held_out = FOLD_OF == 2
    lies = TRAIN._replace(labels=np.where(held_out, (TRAIN.labels + 1) % 3, TRAIN.labels))
    for one, other in zip(plain, out_of_sample(HEAD, TRIALS[:2], lies, FOLD_OF), strict=True):
        np.testing.assert_allclose(one.logits[held_out], other.logits[held_out], atol=1e-5)
        assert not np.allclose(one.logits[~held_out], other.logits[~held_out], atol=1e-2)


def test_a_fold_is_trained_as_if_what_it_holds_out_weighed_nothing():
    found = out_of_sample(HEAD, TRIALS[:1], TRAIN, FOLD_OF)[0]
    assert found.trained.kernel.shape == (5, 5, 3)
    rows = FOLD_OF == 0
    logits = TRAIN.features[rows] @ found.trained.kernel[0] + found.trained.bias[0]
    np.testing.assert_array_equal(found.logits[rows], logits)
    assert (found.logits.argmax(axis=1) == TRAIN.labels).mean() > 0.8
    losses = HEAD.loss(HEAD.targets(TRAIN.labels), found.logits).numpy() * TRAIN.weights
    assert found.trained.losses[-1, 1] == pytest.approx(losses.mean(), rel=1e-4)


def test_companions_do_no_harm_and_halving_keeps_folds_together():
    together = out_of_sample(HEAD, TRIALS, TRAIN, FOLD_OF, halving=Halving(after=(0.5,), share=0.6))
    assert [found.trained.stopped for found in together] == [None, None, 10]
    assert [found.trained.failed for found in together] == [False, False, True]
    for trial, found in zip(TRIALS[:2], together[:2], strict=True):
        (alone,) = out_of_sample(HEAD, [trial], TRAIN, FOLD_OF)
        np.testing.assert_allclose(found.trained.kernel, alone.trained.kernel, atol=1e-6)
        np.testing.assert_allclose(found.logits, alone.logits, atol=1e-5)
