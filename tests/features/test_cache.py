import errno
import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import InputError
from retrain.features import cache as feature_cache
from retrain.features.cache import FeatureCache, FileKey, feature_cache_directory
from retrain.settings.module import ModuleSettings

ROOT = pathlib.Path(__file__).parents[2]
KEY = {"module": "abc", "engine": "tensorflow", "image_size": (8, 8)}
KEYS = [FileKey(f"/photos/{name}", size, 10**18 + size) for size, name in enumerate("abcdefg")]
FEATURES = np.random.default_rng(0).random([7, 3], np.float32)


def opened(directory: pathlib.Path) -> FeatureCache:
    return FeatureCache(directory, KEY, 3)


def filled(directory: pathlib.Path, rows: slice = slice(None)) -> FeatureCache:
    with opened(directory).writer() as writer:
        writer.append(KEYS[rows], FEATURES[rows])
    return opened(directory)


def file(directory: pathlib.Path, suffix: str) -> pathlib.Path:
    [path] = opened(directory).directory.glob(f"*{suffix}")
    return path


def assert_right(cache: FeatureCache) -> int:
    """Whatever it has is what was written; returns how many it has."""
    have = [row for row, key in enumerate(KEYS) if cache.has(key)]
    np.testing.assert_array_equal(cache.read([KEYS[row] for row in have]), FEATURES[have])
    return len(have)


def test_what_was_written_is_read_in_any_order(tmp_path):
    cache = filled(tmp_path)
    order = [3, 0, 6, 3]
    features = cache.read([KEYS[row] for row in order])
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, FEATURES[order])


def test_what_is_not_there_is_zeros(tmp_path):
    cache = filled(tmp_path, slice(2, 4))
    features = cache.read(KEYS)
    np.testing.assert_array_equal(features[2:4], FEATURES[2:4])
    assert not np.delete(features, [2, 3], axis=0).any()


def test_stored_features_are_read_from_all_segments(tmp_path):
    before = opened(tmp_path)
    filled(tmp_path, slice(3))
    filled(tmp_path, slice(3, 7))
    assert not np.asarray(before.stored(KEYS)).any()
    before.refresh()
    stored = before.stored(KEYS[::-1])
    np.testing.assert_array_equal(stored, FEATURES[::-1])
    np.testing.assert_array_equal(stored[np.array([6, 0])], FEATURES[[0, 6]])


def test_an_empty_cache_has_nothing_and_makes_nothing(tmp_path):
    cache = opened(tmp_path / "below")
    assert not cache.has(KEYS[0])
    assert cache.read([]).shape == (0, 3)
    assert not (tmp_path / "below").exists()


def test_what_is_appended_while_it_is_open_is_there_when_it_is_opened_again(tmp_path):
    before = opened(tmp_path)
    filled(tmp_path)
    assert not before.has(KEYS[0])
    assert assert_right(opened(tmp_path)) == 7


def test_two_writers_at_once_do_no_harm(tmp_path):
    with opened(tmp_path).writer() as one, opened(tmp_path).writer() as other:
        for row in range(7):
            (one if row % 2 else other).append([KEYS[row]], FEATURES[row : row + 1])
            one.append([KEYS[6]], FEATURES[6:])
    assert assert_right(opened(tmp_path)) == 7


def test_a_key_says_what_it_is_of(tmp_path):
    cache = filled(tmp_path)
    assert '"module": "abc"' in (cache.directory / "key.json").read_text()


@pytest.mark.parametrize("change", [{"module": "abd"}, {"engine": "litert"}, {"image_size": (8, 9)}])
def test_another_key_is_another_cache(tmp_path, change):
    filled(tmp_path)
    assert not FeatureCache(tmp_path, {**KEY, **change}, 3).has(KEYS[0])
    assert not FeatureCache(tmp_path, KEY, 4).has(KEYS[0])


def test_a_changed_file_is_unknown(tmp_path):
    cache = filled(tmp_path)
    path, size, mtime_ns = KEYS[2]
    assert cache.has(FileKey(path, size, mtime_ns))
    assert not cache.has(FileKey(path, size + 1, mtime_ns))
    assert not cache.has(FileKey(path, size, mtime_ns + 1))
    assert not cache.has(FileKey(path + "x", size, mtime_ns))


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name), unique=True))
def test_files_of_any_name(tmp_path_factory, names):
    keys = [FileKey(os.fsdecode(name), 1, 2) for name in names]
    features = np.arange(3 * len(keys), dtype=np.float32).reshape(-1, 3)
    directory = tmp_path_factory.mktemp("names")
    with opened(directory).writer() as writer:
        writer.append(keys, features)
    np.testing.assert_array_equal(opened(directory).read(keys), features)


@pytest.mark.parametrize("name", ["a\nb", 'a"b', "a\\b", "a\u2028b", "a\x85b", "a\udcffb", "玫瑰"])
def test_files_of_odd_names(tmp_path, name):
    with opened(tmp_path).writer() as writer:
        writer.append([FileKey(name, 1, 2), KEYS[0]], FEATURES[:2])
    np.testing.assert_array_equal(opened(tmp_path).read([KEYS[0], FileKey(name, 1, 2)]), FEATURES[1::-1])


@pytest.mark.parametrize("name", ["b", "a\nb", 'a"b', 'a", b', "a\\b", "a\udcffb", "玫瑰"])
def test_of_files_that_are_not_asked_for_nothing_is_known(tmp_path, name):
    keys = [FileKey(name, 1, 2), *KEYS]
    with opened(tmp_path).writer() as writer:
        writer.append(keys, np.concatenate([FEATURES[:1], FEATURES]))
    cache = FeatureCache(tmp_path, KEY, 3, asked=[keys[0], keys[4]])
    assert set(cache.places) == {keys[0], keys[4]}
    np.testing.assert_array_equal(cache.read(keys[:5:4]), FEATURES[[0, 3]])


@pytest.mark.parametrize("suffix", [".rows", ".f32"])
def test_a_file_torn_at_any_byte_gives_no_wrong_row(tmp_path, suffix):
    filled(tmp_path)
    path = file(tmp_path, suffix)
    whole, counts = path.read_bytes(), []
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        counts.append(assert_right(opened(tmp_path)))
    assert counts == sorted(counts)
    assert set(counts) == set(range(8))


@pytest.mark.parametrize("suffix", [".rows", ".f32"])
def test_a_flipped_bit_gives_no_wrong_row(tmp_path, suffix):
    filled(tmp_path)
    path = file(tmp_path, suffix)
    whole, counts = path.read_bytes(), set()
    for position in range(len(whole)):
        for bit in (0, 3, 7):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << bit
            path.write_bytes(flipped)
            counts.add(assert_right(opened(tmp_path)))
    assert max(counts) == 6
    path.write_bytes(whole)
    assert assert_right(opened(tmp_path)) == 7


@given(where=st.integers(0, 7 * 3 * 4), removed=st.integers(0, 9), added=st.binary(max_size=9))
def test_bytes_that_come_or_go_give_no_wrong_row(tmp_path_factory, where, removed, added):
    directory = tmp_path_factory.mktemp("edited")
    filled(directory)
    path = file(directory, ".f32")
    whole = path.read_bytes()
    path.write_bytes(whole[:where] + added + whole[where + removed :])
    assert_right(opened(directory))


def test_rows_of_another_segment_are_not_believed(tmp_path):
    filled(tmp_path, slice(3))
    first = file(tmp_path, ".f32")
    filled(tmp_path, slice(3, 6))
    [second] = set(opened(tmp_path).directory.glob("*.f32")) - {first}
    os.replace(second, first)
    assert assert_right(opened(tmp_path)) == 0


def test_what_is_computed_again_stands_for_what_was_damaged(tmp_path):
    filled(tmp_path)
    damaged = file(tmp_path, ".f32")
    damaged.write_bytes(bytes(damaged.stat().st_size))
    assert assert_right(opened(tmp_path)) == 0
    for _ in range(5):  # names of segments are drawn
        before = opened(tmp_path)
        filled(tmp_path)
        before.refresh()
        assert assert_right(before) == 7
        for path in set(before.directory.glob("*.[rf]*")) - {damaged, damaged.with_suffix(".rows")}:
            path.unlink()


def test_a_cache_that_cannot_be_read_is_said_in_a_sentence(tmp_path):
    directory = filled(tmp_path).directory
    (directory / "0.rows").mkdir()
    (directory / "0.f32").write_bytes(bytes(12))
    with pytest.raises(InputError) as raised:
        opened(tmp_path)
    assert str(raised.value) == (
        f"The feature cache {str(directory)!r} cannot be read (Is a directory): make it readable, or give "
        f"another --feature_cache, or none."
    )


@pytest.mark.parametrize("rubbish", [b"\0" * 20, b"null\n", b"[1]\n", b"5\n", b"\xff\xfe\n"])
def test_a_damaged_line_ends_what_is_read(tmp_path, rubbish):
    filled(tmp_path)
    path = file(tmp_path, ".rows")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], rubbish, *lines[3:]]))
    assert assert_right(opened(tmp_path)) == 3


def test_rows_that_somebody_deleted_are_unknown(tmp_path):
    filled(tmp_path)
    file(tmp_path, ".f32").unlink()
    assert assert_right(opened(tmp_path)) == 0


def test_what_was_appended_before_an_error_is_kept(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with opened(tmp_path).writer() as writer:
            writer.append(KEYS[:2], FEATURES[:2])
            1 / 0  # noqa: B018
    assert assert_right(opened(tmp_path)) == 2


def test_a_killed_process_loses_few_rows_and_leaves_no_wrong_one(tmp_path):
    script = f"""
        import os, signal, sys
        sys.path.insert(0, {str(ROOT)!r})
        from tests.features.test_cache import FEATURES, KEYS, feature_cache, opened
        feature_cache.ROWS_AT_A_TIME = 2
        writer = opened({str(tmp_path)!r}).writer()
        with writer:
            for row in range(7):
                writer.append([KEYS[row]], FEATURES[row : row + 1])
                if row == 4:
                    os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert assert_right(opened(tmp_path)) == 4
    filled(tmp_path, slice(4, 7))
    assert assert_right(opened(tmp_path)) == 7


def test_a_row_is_on_the_disk_before_its_line(tmp_path, monkeypatch):
    """So that no power cut leaves a line for a row that is not there."""

    def synced(descriptor: int) -> None:
        assert not list(opened(tmp_path).places)
        real(descriptor)

    real = os.fsync
    writer = opened(tmp_path).writer()
    monkeypatch.setattr(feature_cache.os, "fsync", synced)
    with writer:
        writer.append(KEYS, FEATURES)


def test_a_full_disk_is_said_in_a_sentence(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = opened(tmp_path)
    writer = cache.writer()
    monkeypatch.setattr(feature_cache.os, "fsync", full)
    with pytest.raises(InputError) as raised:
        with writer:
            writer.append(KEYS, FEATURES)
    assert re.sub(r"\d+\.\d MiB", "N MiB", str(raised.value)) == (
        f"There is no room on the disk for {str(writer.stem)!r} (N MiB are free): name another place."
    )
    assert assert_right(opened(tmp_path)) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full exists on Linux only")
@pytest.mark.parametrize("count", [1, 100_000])
def test_a_disk_that_is_full_until_the_end(tmp_path, monkeypatch, count):
    """Closing tries once more to write what could not be written."""
    monkeypatch.setattr(feature_cache.os, "fsync", lambda _: None)  # which a device does not know
    with pytest.raises(InputError, match="There is no room on the disk for"):
        with opened(tmp_path).writer() as writer:
            writer.rows.close()
            writer.rows = open("/dev/full", "wb")  # noqa: SIM115
            writer.append(KEYS[:1] * count, np.repeat(FEATURES[:1], count, axis=0))
    assert assert_right(opened(tmp_path)) == 0


def test_where_features_are_kept(user_cache):
    assert feature_cache_directory(ModuleSettings()) == user_cache
    assert feature_cache_directory(ModuleSettings(feature_cache="none")) is None
    assert feature_cache_directory(ModuleSettings(feature_cache="/cache")) == pathlib.Path("/cache")
