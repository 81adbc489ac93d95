import itertools

import numpy as np
import pytest

from retrain.data.pipeline import index_batches
from retrain.heads.softmax import SoftmaxHead
from retrain.training import head_trials
from retrain.training.head_trials import MOMENTUM, Schedule, Split, Start, Trial, train_heads

CLASSES = 3
HEAD = SoftmaxHead(["a", "b", "c"])
TRIALS = [
    Trial(0.1, 0.0),
    Trial(0.05, 0.01, label_smoothing=0.1),
    Trial(0.1, 0.001, l1_regularizer=0.01),
    Trial(0.02, 0.1),
]


def make_split(count: int, seed: int = 0, weighted: bool = True) -> Split:
    """Features around a corner of their own for each class, and far from zero."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % CLASSES).astype(np.int32)
    features = np.eye(CLASSES, 5)[labels] + random.normal(2.0, 0.3, size=[count, 5])
    weights = random.uniform(0.5, 1.5, size=count) if weighted else np.ones(count)
    return Split(features.astype(np.float32), labels, weights.astype(np.float32))


TRAIN, VALIDATION = make_split(24), make_split(9, seed=1)


def numpy_head(trial: Trial, schedule: Schedule, train: Split) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The same training in plain numpy, without dropout: kernel, bias, and the loss at each step."""
    centre = train.features.mean(axis=0)
    features = (train.features - centre).astype(np.float64)
    targets = np.eye(CLASSES)[train.labels] * (1 - trial.label_smoothing) + trial.label_smoothing / CLASSES
    kernel, bias = np.zeros([features.shape[1], CLASSES]), np.zeros(CLASSES)
    kernel_velocity, bias_velocity, losses = 0.0, 0.0, []
    batches = index_batches(len(features), schedule.batch_size, schedule.seed).take(schedule.steps)
    for step, rows in enumerate(batches.as_numpy_iterator()):
        logits = features[rows] @ kernel + bias
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        weights = train.weights[rows, None] / len(rows)
        losses.append(-(weights * targets[rows] * np.log(probabilities)).sum())
        error = weights * (probabilities - targets[rows])
        gradient = features[rows].T @ error + 2 * trial.l2_regularizer * kernel
        gradient += trial.l1_regularizer * np.sign(kernel)
        kernel_velocity = MOMENTUM * kernel_velocity + gradient
        bias_velocity = MOMENTUM * bias_velocity + error.sum(axis=0)
        rate = trial.learning_rate * (1 + np.cos(np.pi * step / schedule.steps)) / 2
        kernel = kernel - rate * kernel_velocity
        bias = bias - rate * np.mean(features**2) * bias_velocity
    return kernel, bias - centre @ kernel, losses


@pytest.fixture(scope="module")
def group():
    return train_heads(HEAD, TRIALS, Schedule(12, 6, 0.0, 0), TRAIN, VALIDATION)


@pytest.mark.parametrize("number", range(len(TRIALS)))
def test_it_is_what_numpy_does(group, number):
    kernel, bias, losses = numpy_head(TRIALS[number], Schedule(12, 6, 0.0, 0), TRAIN)
    np.testing.assert_allclose(group.kernels[number], kernel, atol=2e-6)
    np.testing.assert_allclose(group.biases[number], bias, atol=1e-5)
    np.testing.assert_allclose(group.losses[:, 0, number], losses, rtol=1e-5)
    logits = VALIDATION.features @ kernel + bias
    loss = HEAD.loss(HEAD.targets(VALIDATION.labels), logits.astype(np.float32))
    assert group.losses[-1, 1, number] == pytest.approx(np.mean(VALIDATION.weights * loss), rel=1e-5)


def test_shapes_and_steps(group):
    assert (group.kernels.shape, group.biases.shape) == ((4, 5, 3), (4, 3))
    assert group.kernels.dtype == group.biases.dtype == np.float32
    assert group.steps.tolist() == list(range(1, 13))
    assert group.losses.shape == (12, 2, 4)


@pytest.mark.parametrize("dropout_rate", [0.0, 0.5])
def test_a_trial_alone_is_the_same_as_among_others(dropout_rate):
    schedule = Schedule(50, 6, dropout_rate, 0)
    together = train_heads(HEAD, TRIALS, schedule, TRAIN, None)
    for number, trial in enumerate(TRIALS):
        alone = train_heads(HEAD, [trial], schedule, TRAIN, None)
        assert np.abs(alone.kernels[0] - together.kernels[number]).max() <= 1e-6
        assert np.abs(alone.biases[0] - together.biases[number]).max() <= 1e-5


def test_the_same_seed_gives_the_same_bits_and_another_other_ones():
    first, again, other = (
        train_heads(HEAD, TRIALS, Schedule(20, 6, 0.5, seed), TRAIN, None).kernels for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)


def test_dropout_drops():
    schedule = Schedule(20, 6, 0.0, 0)
    plain = train_heads(HEAD, TRIALS, schedule, TRAIN, None)
    dropped = train_heads(HEAD, TRIALS, schedule._replace(dropout_rate=0.5), TRAIN, None)
    assert not np.allclose(plain.kernels, dropped.kernels, atol=1e-3)


def test_the_dropout_of_each_step_is_another_one_at_its_rate():
    settings = head_trials._settings(HEAD, TRIALS, Schedule(20, 50, 0.3, 7), np.ones([50, 40], np.float32))
    steps = [head_trials._drop(settings, step, np.ones([50, 40], np.float32)).numpy() for step in range(20)]
    assert np.mean(np.stack(steps) == 0) == pytest.approx(0.3, abs=0.01)
    assert np.unique(steps).tolist() == [0, np.float32(1 / 0.7)]
    assert all(not np.array_equal(one, other) for one, other in itertools.pairwise(steps))


def test_the_memory_of_dropout_is_bounded():
    pool = head_trials._dropout_pool(Schedule(1, 1000, 0.5, 0), 5000)
    assert len(pool) == 1000 * 5000 + head_trials.MAX_SPARE


def test_fewer_examples_than_a_batch():
    few = TRAIN.rows(np.arange(CLASSES))
    heads = train_heads(HEAD, [Trial(0.5, 0.0)], Schedule(100, 8, 0.0, 0), few, None)
    predicted = (few.features @ heads.kernels[0] + heads.biases[0]).argmax(axis=1)
    assert predicted.tolist() == few.labels.tolist()


def test_one_example_of_one_class():
    heads = train_heads(HEAD, TRIALS, Schedule(3, 2, 0.2, 0), TRAIN.rows(np.array([1])), None)
    assert np.isfinite(heads.kernels).all()


def test_a_trial_that_diverges_harms_no_other(group):
    wild = [Trial(1e30, 1e30), *TRIALS, Trial(1e38, 0.0, 1e38)]
    heads = train_heads(HEAD, wild, Schedule(12, 6, 0.0, 0), TRAIN, VALIDATION)
    assert not np.isfinite(heads.losses[-1, :, 0]).any()
    np.testing.assert_allclose(heads.kernels[1:-1], group.kernels, atol=1e-6)


def test_without_validation_there_is_no_validation_loss(group):
    without = train_heads(HEAD, TRIALS, Schedule(12, 6, 0.0, 0), TRAIN, None)
    assert np.isnan(without.losses[:, 1]).all()
    np.testing.assert_array_equal(without.kernels, group.kernels)


def test_readings_along_the_way_end_with_the_last_step():
    heads = train_heads(HEAD, TRIALS, Schedule(45, 6, 0.0, 0), TRAIN, None)
    assert heads.steps.tolist() == [*range(3, 46, 3)]
    assert len(heads.losses) == len(heads.steps)


START = Start(np.eye(5, CLASSES, dtype=np.float32), np.asarray([0.5, -1.0, 0.0], np.float32))


def test_a_start_that_is_not_left():
    heads = train_heads(HEAD, 2 * [Trial(1e-30, 0.1)], Schedule(3, 6, 0.0, 0), TRAIN, VALIDATION, START)
    for number in range(2):
        np.testing.assert_allclose(heads.kernels[number], START.kernel, atol=1e-6)
        np.testing.assert_allclose(heads.biases[number], START.bias, atol=1e-5)
    loss = HEAD.loss(HEAD.targets(VALIDATION.labels), VALIDATION.features @ START.kernel + START.bias)
    assert heads.losses[-1, 1, 0] == pytest.approx(np.mean(VALIDATION.weights * loss), rel=1e-5)


def test_a_start_of_zeros_is_none(group):
    zeros = Start(np.zeros_like(START.kernel), np.zeros_like(START.bias))
    heads = train_heads(HEAD, TRIALS, Schedule(12, 6, 0.0, 0), TRAIN, VALIDATION, zeros)
    np.testing.assert_array_equal(heads.kernels, group.kernels)
    np.testing.assert_array_equal(heads.biases, group.biases)


def test_penalties_draw_towards_the_start():
    trials = [Trial(0.02, 0.0), Trial(0.02, 10.0), Trial(0.02, 0.0, l1_regularizer=10.0)]
    heads = train_heads(HEAD, trials, Schedule(300, 24, 0.0, 0), TRAIN, None, START)
    free, l2, l1 = (np.abs(kernel - START.kernel).max() for kernel in heads.kernels)
    assert l2 < 0.02 < 0.1 < free
    assert l1 < 0.1 < free
