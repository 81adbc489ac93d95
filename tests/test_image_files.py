import os
import pathlib

import pytest

from retrain.image_files import Member, contents, is_file, is_shard, member_of, members_of, opened, status
from tests.tiny_parquet import parquet_file
from tests.tiny_records import record_file
from tests.tiny_shards import shard


@pytest.fixture
def tar(tmp_path) -> str:
    return shard(tmp_path / "a.tar", {"1.jpg": b"one", "deep/2.jpg": 5000 * b"two"})


def test_members_are_read_as_files_are(tar, tmp_path):
    (tmp_path / "3.jpg").write_bytes(b"three")
    os.utime(tar, ns=(5, 7))
    assert contents(f"{tar}/1.jpg") == b"one"
    assert contents(f"{tar}/deep/2.jpg") == 5000 * b"two"
    assert contents(str(tmp_path / "3.jpg")) == b"three"
    assert status(f"{tar}/deep/2.jpg") == (15000, 7, True)
    assert status(str(tmp_path / "3.jpg"))[::2] == (5, True)
    assert status(str(tmp_path)).is_file is False
    assert all(map(is_file, [f"{tar}/1.jpg", str(tmp_path / "3.jpg"), tar]))


@pytest.mark.parametrize("path", ["a.tar/3.jpg", "a.tar/deep", "gone.tar/1.jpg", "gone.jpg", "1.jpg"])
def test_what_is_not_there_is_an_error_of_the_system(tar, tmp_path, path):
    path = str(tmp_path / path)
    assert not is_file(path)
    for read in (contents, opened, status):
        with pytest.raises(FileNotFoundError) as info:
            read(path)
        assert info.value.filename == path


def test_a_folder_may_be_called_as_tar_files_are(tmp_path):
    (tmp_path / "b.tar").mkdir()
    (tmp_path / "b.tar" / "1.jpg").write_bytes(b"plain")
    inner = shard(tmp_path / "b.tar" / "c.TAR", {"x.tar/1.jpg": b"inner"})
    assert contents(f"{tmp_path}/b.tar/1.jpg") == b"plain"
    assert contents(f"{inner}/x.tar/1.jpg") == b"inner"
    assert member_of(f"{inner}/x.tar/1.jpg") == Member(inner, "x.tar/1.jpg")
    assert member_of(f"{tmp_path}/b.tar/1.jpg") is None


def test_a_shard_that_is_written_anew_is_read_anew(tar):
    assert contents(f"{tar}/1.jpg") == b"one"
    shard(pathlib.Path(tar), {"0.jpg": 700 * b"x", "1.jpg": b"other"})
    os.utime(tar, ns=(1, 1))
    assert contents(f"{tar}/1.jpg") == b"other"


@pytest.mark.parametrize("name", ["x.tfrecord", "x.tfrecord-00001-of-00002", "train-00001-of-01024"])
def test_images_of_records_are_members_too(name, tmp_path):
    records = record_file(tmp_path / "b.tar" / name, [{"label": 1, "image": b"GIF89a" + 5000 * b"x"}])
    os.utime(records, ns=(5, 7))
    assert is_shard(records)
    assert [*members_of(records).places] == ["000000.gif"]
    assert member_of(f"{records}/000000.gif") == Member(records, "000000.gif")
    assert contents(f"{records}/000000.gif") == b"GIF89a" + 5000 * b"x"
    assert status(f"{records}/000000.gif") == (5006, 7, True)
    assert not is_file(f"{records}/000001.gif")


def test_images_of_parquet_are_members_too(tmp_path):
    parquet = parquet_file(tmp_path / "b.tar" / "x.parquet", {"image": [b"GIF89a" + 5000 * b"x"]})
    os.utime(parquet, ns=(5, 7))
    assert is_shard(parquet)
    assert [*members_of(parquet).places] == ["000000.gif"]
    assert member_of(f"{parquet}/000000.gif") == Member(parquet, "000000.gif")
    assert contents(f"{parquet}/000000.gif") == b"GIF89a" + 5000 * b"x"
    assert status(f"{parquet}/000000.gif") == (5006, 7, True)
    assert not is_file(f"{parquet}/000001.gif")
    table = parquet_file(tmp_path / "y.parquet", {"path": ["000000.gif"]})
    assert not is_shard(table)
    assert member_of(f"{table}/000000.gif") is None
