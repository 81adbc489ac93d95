import os
import pathlib

import pyarrow as pa
import pytest

from retrain import row_groups
from retrain.row_groups import Row, metadata_of, values
from tests.tiny_parquet import parquet_file

IMAGES = [bytes([number]) * (1000 + number) for number in range(7)]


@pytest.fixture(params=["snappy", "none", "zstd", "gzip"])
def path(request, tmp_path) -> str:
    """Three rows in a row group."""
    images = [{"bytes": image, "path": None} for image in IMAGES]
    columns = {"image": images, "label": range(7)}
    return parquet_file(tmp_path / "x.parquet", columns, rows=3, compression=request.param)


@pytest.fixture
def read(monkeypatch) -> list[int]:
    """The row groups that are read."""
    groups = []

    def noted(path: str, column: str, group: int) -> pa.ChunkedArray:
        groups.append(group)
        return values(path, column, group)

    monkeypatch.setattr(row_groups, "values", noted)
    return groups


def content(path: str, number: int) -> bytes:
    return Row("image.bytes", number // 3, number % 3).content(path)


def test_rows_are_read_where_they_lie(path):
    assert [content(path, number) for number in (6, 0, 5, 1, 2, 3, 4)] == [
        IMAGES[n] for n in (6, 0, 5, 1, 2, 3, 4)
    ]
    assert values(path, "label").to_pylist() == [*range(7)]
    assert values(path, "image.bytes", 1).to_pylist() == IMAGES[3:6]
    assert values(path, "image.path").to_pylist() == [None] * 7


def test_rows_beside_each_other_are_read_at_once(path, read):
    for number in (0, 1, 3, 2, 4, 5, 6):
        content(path, number)
    assert read == [0, 1, 2]


def test_lengths_are_known_once_a_group_was_read(path, read, monkeypatch):
    monkeypatch.setattr(row_groups, "KEPT", 1)
    rows = [Row("image.bytes", number // 3, number % 3) for number in range(7)]
    for _ in range(2):
        assert [row.length(path) for row in rows] == [1000 + number for number in range(7)]
    assert read == [0, 1, 2]


def test_no_more_is_kept_than_allowed_but_two_groups(path, read, monkeypatch):
    monkeypatch.setattr(row_groups, "KEPT", 1)
    for number in (0, 3, 1, 4, 6, 3, 0):
        content(path, number)
    assert read == [0, 1, 2, 0]


def test_values_of_more_rows_than_are_read_at_once(tmp_path):
    path = parquet_file(tmp_path / "x.parquet", {"image": [b"x"] * 300, "label": range(300)}, rows=250)
    assert values(path, "label").to_pylist() == [*range(300)]
    assert values(path, "label", 1).to_pylist() == [*range(250, 300)]
    empty = parquet_file(tmp_path / "y.parquet", {"image": pa.array([], pa.binary())})
    assert values(empty, "image").to_pylist() == []


def test_a_file_that_is_written_anew_is_read_anew(path):
    assert content(path, 1) == IMAGES[1]
    parquet_file(pathlib.Path(path), {"image": [{"bytes": b"other", "path": "1"}] * 2, "label": [0, 1]})
    os.utime(path, ns=(1, 1))
    assert content(path, 1) == b"other"
    assert metadata_of(path).num_rows == 2


def test_what_is_not_there_or_damaged_is_an_error_of_the_system(path):
    parquet_file(pathlib.Path(path), {"image": [{"bytes": b"x", "path": "1"}, None]})
    assert Row("image.bytes", 0, 1).length(path) == 0
    for number in (1, 2, 3):
        with pytest.raises(OSError, match="damaged"):
            content(path, number)
    with pytest.raises(OSError, match="damaged"):
        Row("image.bytes", 0, 2).length(path)
    with pytest.raises(FileNotFoundError):
        content(f"{path}.gone", 0)


def test_a_damaged_row_group_leaves_others_as_they_are(tmp_path):
    images = [os.urandom(5000) for _ in range(6)]
    path = parquet_file(tmp_path / "x.parquet", {"image": images}, rows=3)
    whole = bytearray(pathlib.Path(path).read_bytes())
    about = metadata_of(path).row_group(1).column(0)
    whole[about.dictionary_page_offset : about.data_page_offset] = bytes(
        about.data_page_offset - about.dictionary_page_offset
    )
    pathlib.Path(path).write_bytes(whole)
    assert [Row("image", 0, row).content(path) for row in range(3)] == images[:3]
    with pytest.raises(OSError, match="damaged") as info:
        Row("image", 1, 0).content(path)
    assert info.value.strerror
