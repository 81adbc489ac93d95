"""Against all pairs, one by one; leaves are small here, so that there are many."""

import numpy as np
import pytest

from retrain.examples import look_alikes as alikes
from retrain.examples.look_alikes import look_alikes

WIDTH = 192


@pytest.fixture(autouse=True)
def small_leaves(monkeypatch):
    monkeypatch.setattr(alikes, "LEAF", 16)
    monkeypatch.setattr(alikes, "DIRECTIONS", 6)


def pictures(random: np.random.Generator, count: int) -> np.ndarray:
    """Of ten kinds, more or less alike."""
    kinds = random.normal(128, 40, [10, WIDTH])
    spread = random.choice([2.0, 12.0, 18.0, 40.0], [count, 1])
    of_kind = kinds[random.integers(10, size=count)]
    return (of_kind + random.normal(0, spread, [count, WIDTH]) + random.normal(0, 9, [count, 1])).astype(
        np.float32
    )


def every_pair(colours: np.ndarray) -> set[tuple[int, int]]:
    alike = np.corrcoef(colours) >= alikes.ALIKE
    near = np.square(colours[:, None] - colours[None]).mean(axis=2) <= alikes.NEAR**2
    return set(map(tuple, np.argwhere(np.triu(alike & near, 1)).tolist()))


def found_in(colours: np.ndarray) -> list[tuple[int, int]]:
    return [tuple(pair) for _, pairs in look_alikes(colours) for pair in pairs.tolist()]


@pytest.mark.parametrize("seed", range(8))
def test_all_pairs_are_found_once(seed):
    random = np.random.default_rng(seed)
    colours = pictures(random, int(random.integers(1, 300)))
    found = found_in(colours)
    assert len(set(found)) == len(found)
    assert set(found) == every_pair(colours)


def test_every_picture_is_counted_once():
    colours = pictures(np.random.default_rng(0), 100)
    assert sum(length for length, _ in look_alikes(colours)) == 100


def test_nothing_is_like_nothing():
    assert found_in(np.zeros([0, WIDTH], np.float32)) == []


def test_in_a_crowd_the_most_alike_are_taken(monkeypatch):
    monkeypatch.setattr(alikes, "CROWD", 8)
    monkeypatch.setattr(alikes, "MOST", 4)
    random = np.random.default_rng(0)
    crowd = random.normal(128, 40, WIDTH) + random.normal(0, 6, [200, WIDTH])
    twins = crowd[::10] + random.normal(0, 1, [20, WIDTH])
    found = found_in(np.concatenate([crowd, twins]).astype(np.float32))
    assert {(10 * row, 200 + row) for row in range(20)} <= set(found)
    assert len(found) <= 4 * 220
