import dataclasses
import itertools

import numpy as np
import pytest

from retrain.features import stored
from retrain.features.stored import aligned, mean_features, viewed
from retrain.head_search import batches
from retrain.head_search.batches import (
    MAX_SPARE,
    Centred,
    batch_order,
    examples_of,
    made_resident,
    mean_square,
    parts,
)
from retrain.head_search.head_step import batch_of
from tests.head_search.candidates import candidate

CANDIDATE = candidate(0.1, 0.0, dropout_rate=0.3, max_steps=20, batch_size=50, seed=7)
RANDOM = np.random.default_rng(0)


def centred(count: int, num_features: int) -> Centred:
    features = RANDOM.normal(3.0, 2.0, size=[count, num_features]).astype(np.float32)
    labels, weights = np.arange(count, dtype=np.int32), np.ones([count, 1, 1], np.float32)
    return Centred(features, labels, weights, mean_features(features))


DATA = centred(70, 40)


def test_every_example_once_an_epoch_in_an_order_of_its_own():
    rows = batch_order(CANDIDATE, DATA, True).rows
    assert (rows.shape, rows.dtype) == ((20, 50), np.int32)
    epochs = rows.ravel()[: 14 * 70].reshape(14, 70)
    assert (np.sort(epochs) == np.arange(70)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 14
    assert not np.array_equal(batch_order(dataclasses.replace(CANDIDATE, seed=8), DATA, True).rows, rows)
    longer = batch_order(dataclasses.replace(CANDIDATE, max_steps=30), DATA, True).rows
    np.testing.assert_array_equal(longer[:20], rows)


def test_the_dropout_of_each_step_is_another_one_at_its_rate():
    batches = batch_order(CANDIDATE, DATA, True).batches
    steps = [batches.dropout_pool[window : window + 50].numpy() for window in batches.windows]
    assert all(step.shape == (50, 40) for step in steps)
    assert np.mean(np.stack(steps) == 0) == pytest.approx(0.3, abs=0.02)
    assert np.unique(steps).tolist() == [0, np.float32(1 / 0.7)]
    assert all(not np.array_equal(one, other) for one, other in itertools.pairwise(steps))


def test_without_dropout_nothing_is_dropped():
    without = dataclasses.replace(CANDIDATE, dropout_rate=0.0)
    assert batch_order(without, DATA, False).batches.dropout_pool is None
    kept = batch_order(without, DATA, True).batches.dropout_pool
    assert kept.shape == batch_order(CANDIDATE, DATA, True).batches.dropout_pool.shape
    assert (kept.numpy() == 1.0).all()


def test_the_rate_falls_along_a_cosine():
    decay = batch_order(CANDIDATE, DATA, True).batches.decay
    np.testing.assert_allclose(decay, (1 + np.cos(np.pi * np.arange(20) / 20)) / 2, rtol=1e-6)


def test_the_memory_of_dropout_is_bounded():
    order = batch_order(dataclasses.replace(CANDIDATE, batch_size=1000, max_steps=1), centred(3, 5000), True)
    assert len(order.batches.dropout_pool) == 1000 + MAX_SPARE // 5000


@pytest.mark.parametrize("features", [np.zeros([4, 3], np.float32), np.full([4, 3], 7, np.float32)])
def test_features_that_are_all_the_same_have_a_mean_square_of_1(features):
    centre = mean_features(features)
    data = Centred(features, np.zeros(4, np.int32), np.ones([4, 1, 1], np.float32), centre)
    assert mean_square(data) == 1.0


def test_features_mapped_from_a_file_are_seen_as_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "ROWS_AT_A_TIME", 32)
    DATA.features.tofile(tmp_path / "features")
    mapped = np.memmap(tmp_path / "features", np.float32, "r", shape=(70, 40))
    places = np.column_stack([np.zeros(70, int), np.arange(70)])
    streamed = DATA._replace(features=stored.StoredFeatures([mapped], places))
    resident = made_resident(DATA, DATA.features.nbytes)
    assert made_resident(DATA, DATA.features.nbytes - 1).resident is None
    assert made_resident(streamed, DATA.features.nbytes).resident is None
    np.testing.assert_array_equal(mean_features(streamed.features), DATA.centre)
    assert mean_square(streamed) == pytest.approx(np.mean((DATA.features - DATA.centre) ** 2), rel=1e-5)
    assert [len(part.labels) for part in parts(streamed)] == [32, 32, 6]
    for one, other in zip(parts(streamed), parts(resident), strict=True):
        np.testing.assert_array_equal(one.features, other.features)


def test_what_is_resident_lies_in_memory_once():
    """Of a split, too: the tensor is the features of all, and knows which are its own."""
    memory = aligned((70, 40))
    memory[:] = DATA.features
    rows = np.arange(69, 0, -2)
    split = Centred(viewed(memory)[rows], DATA.labels[rows], DATA.weights[rows], DATA.centre)
    resident = made_resident(split, memory.nbytes).resident
    [part] = parts(split._replace(resident=resident))
    np.testing.assert_array_equal(part.features, (DATA.features - DATA.centre)[rows])
    np.testing.assert_array_equal(part.labels, rows)
    memory[3, 0] = 7.0
    assert resident.features[3, 0].numpy() == 7.0


def test_of_what_is_not_resident_only_the_rows_that_are_read_become_a_tensor():
    """Also where the features lie in memory, which is not always that of the tensors."""
    memory = aligned((70, 40))
    memory[:] = DATA.features
    streamed = DATA._replace(features=viewed(memory))
    order = batch_order(CANDIDATE, streamed, True)
    examples, begin, _ = next(examples_of(streamed, order, 0))
    assert examples.features.shape == (50 * order.piece, 40)
    expected = (DATA.features - DATA.centre)[order.rows[begin]]
    np.testing.assert_array_equal(batch_of(examples, order.batches.rows[begin]).features, expected)


def test_the_history_has_twelve_entries_the_last_of_what_is_left():
    resident = made_resident(DATA, DATA.features.nbytes)
    order = batch_order(dataclasses.replace(CANDIDATE, max_steps=95), resident, True)
    np.testing.assert_array_equal(order.batches.rows, order.rows)
    seen = [piece for begin in range(0, 95, order.interval) for piece in examples_of(resident, order, begin)]
    assert all(examples is resident.resident for examples, *_ in seen)
    assert [bounds for _, *bounds in seen] == [*([begin, begin + 8] for begin in range(0, 88, 8)), [88, 95]]


@pytest.mark.parametrize(
    ("steps", "last_bounds"),
    [
        (100, [(90, 93), (93, 96), (96, 99), (99, 100)]),  # intervals of 9 steps, in pieces of 3
        (95, [(80, 84), (84, 88), (88, 92), (92, 95)]),  # of 8, in pieces of 4
    ],
)
def test_what_is_read_piece_by_piece_are_the_examples_of_the_steps(tmp_path, monkeypatch, steps, last_bounds):
    monkeypatch.setattr(batches, "STREAMED_BYTES", 4 * 40 * 50 * 4)  # four batches
    DATA.features.tofile(tmp_path / "features")
    streamed = DATA._replace(features=np.memmap(tmp_path / "features", np.float32, "r", shape=(70, 40)))
    order = batch_order(dataclasses.replace(CANDIDATE, max_steps=steps), streamed, True)
    begins = range(0, steps, order.interval)
    seen = [piece for begin in begins for piece in examples_of(streamed, order, begin)]
    bounds = [(begin, end) for _, begin, end in seen]
    assert bounds[-4:] == last_bounds
    assert [end for _, end in bounds[:-1]] == [begin for begin, _ in bounds[1:]]
    assert {examples.features.shape for examples, *_ in seen} == {(50 * order.piece, 40)}
    for examples, begin, end in seen:
        at, rows = order.batches.rows[begin:end], order.rows[begin:end]
        for of_step, expected in zip(at, rows, strict=True):
            batch = batch_of(examples, of_step)
            np.testing.assert_array_equal(batch.labels, expected)
            np.testing.assert_array_equal(batch.features, (DATA.features - DATA.centre)[expected])
