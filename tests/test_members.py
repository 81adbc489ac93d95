import pytest

from retrain.members import Place


def test_a_place_is_read_of_its_shard(tmp_path):
    (tmp_path / "x").write_bytes(b"abcdef")
    assert Place(offset=2, size=3).content(str(tmp_path / "x")) == b"cde"
    assert Place(offset=2, size=3).length(str(tmp_path / "x")) == 3
    with pytest.raises(FileNotFoundError):
        Place(offset=2, size=3).content(str(tmp_path / "gone"))
