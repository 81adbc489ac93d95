import dataclasses

import numpy as np
import pytest

from retrain.examples.labelled import TaskExamples
from retrain.head_search.recipe import (
    L2_REGULARIZERS,
    LEARNING_RATE,
    candidates,
    feature_scale,
    head_rate,
    largest_variance,
)
from retrain.head_search.train_candidates import train_candidates
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings

RANDOM = np.random.default_rng(0)
LABELS = (np.arange(60) % 3).astype(np.int32)
FEATURES = (np.eye(3, 8)[LABELS] + RANDOM.normal(1.0, 0.5, size=[60, 8])).astype(np.float32)
SCALE = feature_scale(FEATURES)


@pytest.mark.parametrize(
    ("given", "count", "steps"),
    [
        ({}, 1, 1000),
        ({}, 10_000, 1000),
        ({}, 10_001, 1001),
        ({}, 60_000, 6000),
        ({"batch_size": 10}, 10_000, 10_000),
        ({"batch_size": 1000}, 10_000, 1000),
        ({"max_steps": 7}, 10_000, 7),
        ({"train_epochs": 2.0}, 10_000, 200),
        ({"train_epochs": 0.5, "batch_size": 300}, 10_000, 17),
        ({"train_epochs": 1e-6}, 10_000, 1),
    ],
)
def test_how_many_steps(given, count, steps):
    found = candidates(HeadSettings(**given), SCALE, count)
    assert {(one.max_steps, one.train_epochs) for one in found} == {(steps, None)}
    assert {one.batch_size for one in found} == {given.get("batch_size", 100)}


def test_there_is_a_candidate_for_every_penalty_with_one_rate():
    found = candidates(HeadSettings(), SCALE, 60)
    assert [one.l2_regularizer for one in found] == [l2 * SCALE.variance for l2 in L2_REGULARIZERS]
    assert {one.learning_rate for one in found} == {LEARNING_RATE / largest_variance(FEATURES)}
    assert {one.label_smoothing for one in found} == {0.0}


def test_what_the_user_gave_is_never_overridden():
    given = HeadSettings(
        learning_rate=0.01,
        max_steps=7,
        batch_size=3,
        dropout_rate=0.0,
        label_smoothing=0.125,
        l1_regularizer=0.25,
        l2_regularizer=0.0,
        class_weights="balanced",
        seed=5,
        calibrate=False,
    )
    assert candidates(given, SCALE, 60) == [given]
    of_each_penalty = candidates(dataclasses.replace(given, l2_regularizer=None), SCALE, 60)
    assert [dataclasses.replace(one, l2_regularizer=0.0) for one in of_each_penalty] == [given] * len(
        L2_REGULARIZERS
    )


def test_along_their_mean_features_that_are_not_centred_are_largest():
    mean = FEATURES.mean(axis=0, dtype=np.float64)
    expected = LEARNING_RATE / (largest_variance(FEATURES) + mean @ mean)
    assert head_rate(FEATURES) == pytest.approx(expected, rel=1e-6)


def test_the_largest_variance_is_the_largest_eigenvalue_of_the_covariance():
    expected = np.linalg.eigvalsh(np.cov(FEATURES.T, bias=True)).max()
    assert largest_variance(FEATURES) == pytest.approx(expected, rel=0.02)
    assert largest_variance(FEATURES + 100.0) == pytest.approx(expected, rel=0.02)


def test_features_of_zero_make_no_infinite_rate():
    for one in candidates(HeadSettings(), feature_scale(np.zeros([4, 2], np.float32)), 4):
        assert np.isfinite([one.learning_rate, one.l2_regularizer]).all()


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_size_of_features_does_not_matter(factor):
    def predictions(features: np.ndarray) -> np.ndarray:
        settings = HeadSettings(max_steps=60, batch_size=20)
        chosen = candidates(settings, feature_scale(features), 60)[3:4]
        split = TaskExamples(features, LABELS, np.ones(60, np.float32))
        trained = train_candidates(SoftmaxHead(["a", "b", "c"]), chosen, split, None)[0]
        logits = features @ trained.kernel + trained.bias
        return np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))

    scaled = (factor * FEATURES).astype(np.float32)
    np.testing.assert_allclose(predictions(scaled), predictions(FEATURES), atol=2e-3)
