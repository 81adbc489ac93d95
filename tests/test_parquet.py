import sys

import pytest

from retrain.errors import InputError
from retrain.parquet import is_parquet
from tests.tiny_parquet import parquet_file

JPEG = b"\xff\xd8\xff"


@pytest.mark.parametrize("name", ["x.parquet", "X.PARQUET", "train-00000-of-00010.parquet", "x.pq"])
def test_files_are_known_by_their_names_and_their_images(name, tmp_path):
    assert is_parquet(parquet_file(tmp_path / name, {"image": [JPEG], "label": [1]}))
    assert not is_parquet(parquet_file(tmp_path / name, {"path": ["1.jpg"], "label": [1]}))


def test_other_names_and_folders_are_none(tmp_path):
    (tmp_path / "folder.parquet").mkdir()
    for name in ("folder.parquet", "gone.parquet"):
        assert not is_parquet(str(tmp_path / name))
    assert not is_parquet(parquet_file(tmp_path / "x.parquet.old", {"image": [JPEG]}))


def test_a_file_that_is_written_anew_is_known_anew(tmp_path):
    assert is_parquet(parquet_file(tmp_path / "x.parquet", {"image": [JPEG], "label": [1]}))
    assert not is_parquet(parquet_file(tmp_path / "x.parquet", {"path": ["a longer name.jpg"], "label": [1]}))


def test_what_is_needed_is_a_sentence(tmp_path, monkeypatch):
    path = parquet_file(tmp_path / "x.parquet", {"image": [JPEG]})
    monkeypatch.setitem(sys.modules, "retrain.parquet_members", None)
    with pytest.raises(InputError) as info:
        is_parquet(path)
    assert str(info.value) == (
        f"{path!r} is a Parquet file, which needs pyarrow: pip install 'retrain[parquet]'."
    )
