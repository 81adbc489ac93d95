import numpy as np
import pytest

from retrain.heads import computed_rows
from retrain.heads.computed_rows import ComputedRows, computed, finite_rows, row_blocks

VALUES = np.arange(20.0).reshape(10, 2)


@pytest.fixture
def asked() -> list[int]:
    """How many rows were computed, each time."""
    return []


@pytest.fixture
def rows(asked) -> ComputedRows:
    def compute(at: np.ndarray) -> np.ndarray:
        asked.append(len(at))
        return VALUES[at]

    return ComputedRows(compute, np.arange(10), 2)


def test_an_index_chooses_and_computes_nothing(rows, asked):
    chosen = rows[VALUES[:, 0] > 4][::2]
    assert (asked, len(chosen), chosen.shape) == ([], 4, (4, 2))
    np.testing.assert_array_equal(chosen, VALUES[[3, 5, 7, 9]])
    assert asked == [4]
    with pytest.raises(ValueError, match="is a copy"):
        np.asarray(chosen, copy=False)


@pytest.mark.parametrize("held", [True, False])
def test_blocks_are_all_rows_in_order(rows, asked, monkeypatch, held):
    monkeypatch.setattr(computed_rows, "CELLS", 8)
    found = [(block.tolist(), VALUES[at].tolist()) for at, block in row_blocks(VALUES if held else rows)]
    assert [len(block) for block, _ in found] == [4, 4, 2]
    assert all(block == expected for block, expected in found)
    assert asked == ([] if held else [4, 4, 2])


def test_of_nothing_there_is_an_empty_block(rows):
    [(_, block)] = row_blocks(rows[:0])
    assert block.shape == (0, 2)


def test_many_columns_are_not_held(monkeypatch):
    assert isinstance(computed(VALUES.__getitem__, 10, 2), np.ndarray)
    monkeypatch.setattr(computed_rows, "MANY_CLASSES", 1)
    rows = computed(VALUES.__getitem__, 10, 2)
    assert isinstance(rows, ComputedRows)
    np.testing.assert_array_equal(rows.then(np.negative)[2:4], -VALUES[2:4])


def test_rows_that_are_not_finite_are_told(rows, monkeypatch):
    monkeypatch.setattr(computed_rows, "CELLS", 6)
    infinite = rows.then(lambda values: np.where(values == 7, np.nan, values))
    assert np.flatnonzero(~finite_rows(infinite)).tolist() == [3]
