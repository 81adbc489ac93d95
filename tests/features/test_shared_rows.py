import numpy as np

from retrain.features import shared_rows
from retrain.features.shared_rows import fill_gaps, slices
from tests.workers.together import together

ROWS = np.random.default_rng(0).normal(size=[7, 3]).astype(np.float32)


def test_a_gap_is_filled_by_who_knows_it_to_the_last_bit():
    known = np.array([[1, 1, 0, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0, 0]], bool)

    def work(worker):
        mine = known[worker.index]
        rows = np.where(mine[:, None], ROWS, 0).astype(np.float32)
        return rows, fill_gaps(worker, rows, mine)

    for index, (rows, filled) in enumerate(together(3, work)):
        np.testing.assert_array_equal(rows[:5], ROWS[:5])  # two that nobody knows stay as they are
        assert not rows[5:].any()
        np.testing.assert_array_equal(filled, known.any(axis=0) & ~known[index])


def test_bytes_are_filled_too():
    values = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20

    def work(worker):
        mine = np.arange(4) % 2 == worker.index
        rows = values * mine[:, None]
        fill_gaps(worker, rows, mine)
        return rows

    for rows in together(2, work):
        assert rows.dtype == np.uint8
        np.testing.assert_array_equal(rows, values)


def test_slices_cover_all(monkeypatch):
    monkeypatch.setattr(shared_rows, "ROWS_AT_A_TIME", 3)
    assert [row for some in slices(7) for row in range(7)[some]] == list(range(7))
    assert list(slices(0)) == []
