import pathlib
import re
import tracemalloc

import numpy as np
import pytest

from retrain.errors import InputError
from retrain.features import stored as stored_features
from retrain.features.stored import (
    ALIGNMENT,
    StoredFeatures,
    aligned,
    block_length,
    blocks,
    check_finite,
    in_memory,
    mean_features,
    variance,
    viewed,
)

STATUS = pathlib.Path("/proc/self/status")
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.normal(2.0, 1.0, size=[11, 3]).astype(np.float32)
# Every row lies in one of two segments, in another order.
PLACES = np.stack([np.arange(11) % 2, np.arange(11)[::-1] // 2], axis=1)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_features, "ROWS_AT_A_TIME", 4)
    segments = []
    for number in (0, 1):
        content = np.full([6, 3], np.nan, np.float32)
        content[PLACES[PLACES[:, 0] == number, 1]] = VALUES[PLACES[:, 0] == number]
        content.tofile(tmp_path / f"{number}.f32")
        segments.append(np.memmap(tmp_path / f"{number}.f32", np.float32, "r", shape=(6, 3)))
    return StoredFeatures(segments, PLACES)


def test_it_is_like_the_array(stored):
    assert (stored.shape, stored.size, len(stored)) == ((11, 3), 33, 11)
    assert np.asarray(stored).dtype == np.float32
    np.testing.assert_array_equal(stored, VALUES)
    np.testing.assert_array_equal(np.asarray(stored, np.float64), VALUES.astype(np.float64))
    with pytest.raises(ValueError, match="is a copy"):
        np.asarray(stored, copy=False)


@pytest.mark.skipif(not STATUS.exists(), reason="Linux says there what a process takes")
def test_what_was_read_of_a_file_is_given_back(tmp_path):
    rows, length = 2**13, 2**11  # 64 MB
    np.zeros([rows, length], np.float32).tofile(tmp_path / "0.f32")
    features = StoredFeatures(
        [np.memmap(tmp_path / "0.f32", np.float32, "r", shape=(rows, length))],
        np.stack([np.zeros(rows, int), RANDOM.permutation(rows)], axis=1),
    )
    before = mapped()
    assert not any(block.any() for block in blocks(features))
    assert mapped() - before < 2**23
    assert features.in_files
    assert not viewed(VALUES).in_files


def mapped() -> int:
    """How many bytes of files count as memory of this process."""
    return 1024 * int(re.search(r"RssFile:\s+(\d+)", STATUS.read_text())[1])


def test_blocks_are_bounded_in_rows_and_in_bytes():
    assert [block_length(length) for length in (0, 1, 1024, 3072, 10**8)] == [4096, 4096, 4096, 1365, 1]
    wide = np.zeros([3, 2**21], np.float32)
    assert [len(block) for block in blocks(wide)] == [2, 1]


def test_rows_of_a_view_are_no_copies():
    view = viewed(VALUES)
    np.testing.assert_array_equal(view, VALUES)
    np.testing.assert_array_equal(view[3:7][[0, 2]], VALUES[[3, 5]])
    assert view[3:7].segments[0] is VALUES


def test_rows_of_a_view_can_be_shared():
    memory = aligned((11, 3))
    assert (memory.ctypes.data % ALIGNMENT, memory.dtype, memory.any()) == (0, np.float32, False)
    memory[:] = VALUES
    shared, places = in_memory(viewed(memory)[8:2:-2])
    assert shared is memory
    np.testing.assert_array_equal(places, [8, 6, 4])


@pytest.mark.parametrize("give", ["array", "file", "elsewhere"])
def test_of_what_cannot_be_shared_there_is_a_copy(stored, give):
    displaced = aligned((12, 3)).ravel()[1:34].reshape(11, 3)
    displaced[:] = VALUES
    features = {"array": VALUES, "file": stored, "elsewhere": viewed(displaced)}[give]
    memory, places = in_memory(features[2:9])
    assert (memory.ctypes.data % ALIGNMENT, places.tolist()) == (0, [*range(7)])
    np.testing.assert_array_equal(memory, VALUES[2:9])
    assert not np.shares_memory(memory, displaced)


def test_rows_that_are_read_lie_in_memory_once():
    values = np.arange(10**5, dtype=np.float32).reshape(1000, 100)
    view = viewed(values)[::-1]
    tracemalloc.start()
    read = np.asarray(view)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(read, values[::-1])
    assert peak < 1.5 * values.nbytes


@pytest.mark.parametrize(
    "rows",
    [slice(2, 9), slice(None, None, 3), np.array([4, 4, 0]), np.arange(11) % 3 == 0, np.array([], int)],
)
def test_an_index_chooses_rows_and_reads_nothing(stored, rows):
    chosen = stored[rows]
    assert isinstance(chosen, StoredFeatures)
    np.testing.assert_array_equal(chosen, VALUES[rows])
    np.testing.assert_array_equal(chosen[::-1], VALUES[rows][::-1])


def test_products_and_figures_are_those_of_the_array(stored):
    matrix = RANDOM.normal(size=[3, 2]).astype(np.float32)
    np.testing.assert_allclose(stored @ matrix, VALUES @ matrix, rtol=1e-6)
    assert (stored @ matrix).dtype == np.float32
    assert (stored[:0] @ matrix).shape == (0, 2)
    for features in (stored, VALUES):
        assert [len(block) for block in blocks(features)] == [4, 4, 3]
        assert [block.shape for block in blocks(features[:0])] == [(0, 3)]
        np.testing.assert_allclose(mean_features(features), VALUES.mean(axis=0), rtol=1e-6)
        assert variance(features) == pytest.approx(VALUES.var(axis=0).mean(), rel=1e-5)
    np.testing.assert_array_equal(mean_features(stored), mean_features(VALUES))
    assert variance(stored) == variance(VALUES)


def test_features_that_are_no_numbers():
    values = VALUES.copy()
    check_finite(values, [], "module")
    values[3, 1], values[7, 0] = np.inf, np.nan
    with pytest.raises(InputError) as raised:
        check_finite(values, [f"photos/{row}.jpg" for row in range(11)], "module")
    assert str(raised.value) == (
        "'module' gives features that are no numbers (infinite or nan) for 2 images, such as 'photos/3.jpg': "
        "use another module, or remove them."
    )
