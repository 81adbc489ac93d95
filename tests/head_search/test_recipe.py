import numpy as np
import pytest

from retrain.examples.task_examples import TaskExamples
from retrain.head_search.head_trials import train_trials
from retrain.head_search.recipe import (
    L2_REGULARIZERS,
    LEARNING_RATE,
    feature_scale,
    head_grid,
    head_steps,
    largest_variance,
)
from retrain.head_search.trial import Trial
from retrain.heads.softmax import SoftmaxHead

RANDOM = np.random.default_rng(0)
LABELS = (np.arange(60) % 3).astype(np.int32)
FEATURES = (np.eye(3, 8)[LABELS] + RANDOM.normal(1.0, 0.5, size=[60, 8])).astype(np.float32)


@pytest.mark.parametrize(("count", "steps"), [(1, 1000), (10_000, 1000), (10_001, 1001), (60_000, 6000)])
def test_at_least_ten_passes_and_never_very_few_steps(count, steps):
    assert head_steps(count, 100) == steps


def test_a_smaller_batch_means_more_steps():
    assert head_steps(10_000, 10) == 10_000


def test_the_grid_holds_every_penalty_with_one_rate():
    trials = head_grid(feature_scale(FEATURES), None, None, l1_regularizer=0.25, label_smoothing=0.125)
    assert len({trial[:2] for trial in trials}) == len(L2_REGULARIZERS)
    assert {trial.learning_rate for trial in trials} == {LEARNING_RATE / largest_variance(FEATURES)}
    assert {(trial.l1_regularizer, trial.label_smoothing) for trial in trials} == {(0.25, 0.125)}


def test_what_the_user_gave_is_never_overridden():
    trials = head_grid(feature_scale(FEATURES), 0.01, None)
    assert {trial.learning_rate for trial in trials} == {0.01}
    assert len(trials) == len(L2_REGULARIZERS)
    trials = head_grid(feature_scale(FEATURES), None, 0.0)
    assert {trial.l2_regularizer for trial in trials} == {0.0}
    assert len(trials) == 1
    assert head_grid(feature_scale(FEATURES), 0.01, 0.02) == [Trial(0.01, 0.02)]


def test_the_largest_variance_is_the_largest_eigenvalue_of_the_covariance():
    expected = np.linalg.eigvalsh(np.cov(FEATURES.T, bias=True)).max()
    assert largest_variance(FEATURES) == pytest.approx(expected, rel=0.02)
    assert largest_variance(FEATURES + 100.0) == pytest.approx(expected, rel=0.02)


def test_features_of_zero_make_no_infinite_rate():
    assert all(
        np.isfinite(trial[:2]).all()
        for trial in head_grid(feature_scale(np.zeros([4, 2], np.float32)), None, None)
    )


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_size_of_features_does_not_matter(factor):
    def predictions(features: np.ndarray) -> np.ndarray:
        trials = head_grid(feature_scale(features), None, None, steps=60, batch_size=20, dropout_rate=0.2)[
            3:4
        ]
        split = TaskExamples(features, LABELS, np.ones(60, np.float32))
        trained = train_trials(SoftmaxHead(["a", "b", "c"]), trials, split, None)[0]
        logits = features @ trained.kernel + trained.bias
        return np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))

    scaled = (factor * FEATURES).astype(np.float32)
    np.testing.assert_allclose(predictions(scaled), predictions(FEATURES), atol=2e-3)
