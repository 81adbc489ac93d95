import itertools

import numpy as np
import pytest

from retrain.training import trial_batches
from retrain.training.trial import Trial
from retrain.training.trial_batches import (
    MAX_SPARE,
    Centred,
    batch_order,
    batches,
    made_resident,
    mean_features,
    mean_square,
    parts,
)

TRIAL = Trial(0.1, 0.0, dropout_rate=0.3, steps=20, batch_size=50, seed=7)
RANDOM = np.random.default_rng(0)


def centred(count: int, num_features: int) -> Centred:
    features = RANDOM.normal(3.0, 2.0, size=[count, num_features]).astype(np.float32)
    labels, weights = np.arange(count, dtype=np.int32), np.ones([count, 1, 1], np.float32)
    return Centred(features, labels, weights, mean_features(features))


DATA = centred(70, 40)


def test_every_example_once_an_epoch_in_an_order_of_its_own():
    rows = batch_order(TRIAL, DATA).rows
    assert (rows.shape, rows.dtype) == ((20, 50), np.int32)
    epochs = rows.ravel()[: 14 * 70].reshape(14, 70)
    assert (np.sort(epochs) == np.arange(70)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 14
    assert not np.array_equal(batch_order(TRIAL._replace(seed=8), DATA).rows, rows)
    longer = batch_order(TRIAL._replace(steps=30), DATA).rows
    np.testing.assert_array_equal(longer[:20], rows)


def test_the_dropout_of_each_step_is_another_one_at_its_rate():
    order = batch_order(TRIAL, DATA)
    steps = [order.dropout_pool[window : window + 50].numpy() for window in order.windows]
    assert all(step.shape == (50, 40) for step in steps)
    assert np.mean(np.stack(steps) == 0) == pytest.approx(0.3, abs=0.02)
    assert np.unique(steps).tolist() == [0, np.float32(1 / 0.7)]
    assert all(not np.array_equal(one, other) for one, other in itertools.pairwise(steps))
    assert batch_order(TRIAL._replace(dropout_rate=0.0), DATA).dropout_pool is None


def test_the_memory_of_dropout_is_bounded():
    order = batch_order(TRIAL._replace(batch_size=1000, steps=1), centred(3, 5000))
    assert len(order.dropout_pool) == 1000 + MAX_SPARE // 5000


@pytest.mark.parametrize("features", [np.zeros([4, 3], np.float32), np.full([4, 3], 7, np.float32)])
def test_features_that_are_all_the_same_have_a_mean_square_of_1(features):
    centre = mean_features(features)
    data = Centred(features, np.zeros(4, np.int32), np.ones([4, 1, 1], np.float32), centre)
    assert mean_square(data) == 1.0


def test_features_mapped_from_a_file_are_seen_as_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_batches, "STREAMED_BYTES", 4 * 40 * 50 * 3)  # three batches
    monkeypatch.setattr(trial_batches, "ROWS_AT_A_TIME", 32)
    DATA.features.tofile(tmp_path / "features")
    streamed = DATA._replace(features=np.memmap(tmp_path / "features", np.float32, "r", shape=(70, 40)))
    resident = made_resident(DATA, DATA.features.nbytes)
    assert made_resident(streamed, DATA.features.nbytes - 1).resident is None
    np.testing.assert_array_equal(mean_features(streamed.features), DATA.centre)
    assert mean_square(streamed) == pytest.approx(np.mean((DATA.features - DATA.centre) ** 2), rel=1e-5)
    assert [len(part.labels) for part in parts(streamed)] == [32, 32, 6]
    for one, other in zip(parts(streamed), parts(resident), strict=True):
        np.testing.assert_array_equal(one.features, other.features)

    order = batch_order(TRIAL, DATA)
    ((whole, steps),) = batches(resident, order, 4, 15)
    assert len(steps.rows) == 11
    np.testing.assert_allclose(steps.decay, (1 + np.cos(np.pi * np.arange(4, 15) / 20)) / 2, rtol=1e-6)
    seen = list(batches(streamed, order, 4, 15))
    assert [len(steps.rows) for _, steps in seen] == [3, 3, 3, 2]
    np.testing.assert_array_equal(np.concatenate([part.decay for _, part in seen]), steps.decay)
    np.testing.assert_array_equal(np.concatenate([part.windows for _, part in seen]), steps.windows)
    of_steps = np.concatenate([examples.features.numpy()[steps.rows] for examples, steps in seen])
    np.testing.assert_array_equal(of_steps, whole.features.numpy()[steps.rows])
    labels = np.concatenate([examples.labels.numpy()[steps.rows] for examples, steps in seen])
    np.testing.assert_array_equal(labels, order.rows[4:15])
