import gzip
import os
import pathlib
import tarfile

import pytest

from retrain.errors import InputError
from retrain.tar_members import is_tar, members_of
from tests.tiny_shards import shard

LONG = "folder/" * 40 + "1.jpg"


def entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def sentence(tar: str) -> str:
    with pytest.raises(InputError) as info:
        members_of(tar)
    return str(info.value)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_lie_where_they_are_said_to(form, tmp_path, monkeypatch):
    monkeypatch.setattr(tarfile, "DEFAULT_FORMAT", form)
    monkeypatch.setattr(tarfile.TarFile, "format", form)
    contents = {"1.jpg": b"one", LONG[-150:]: b"", "ü/2.jpg": 700 * b"two"}
    tar = shard(tmp_path / "a.tar", contents)
    found = members_of(tar)
    whole = pathlib.Path(tar).read_bytes()
    assert not found.left_out
    assert {name: whole[at : at + size] for name, (at, size) in found.places.items()} == contents


def test_only_plain_files_below_the_archive_are_members(tmp_path):
    names = ["./1.jpg", "a/../2.jpg", "../3.jpg", "/4.jpg", "a/../../5.jpg", "6\n.jpg", "7\udce9.jpg"]
    others = [
        entry("link.jpg", tarfile.SYMTYPE, "/etc/passwd"),
        entry("hard.jpg", tarfile.LNKTYPE, "1.jpg"),
        entry("device.jpg", tarfile.CHRTYPE),
        entry("pipe.jpg", tarfile.FIFOTYPE),
        entry("folder.jpg", tarfile.DIRTYPE),
    ]
    found = members_of(shard(tmp_path / "a.tar", dict.fromkeys(names, b"x"), *others))
    assert [*found.places] == ["1.jpg", "2.jpg"]
    assert found.left_out == {
        "links in tar files": 2,
        "devices and the like in tar files": 2,
        "names that lead out of a tar file": 3,
        "names in tar files that cannot be printed": 2,
    }


def test_the_last_of_a_name_is_the_member(tmp_path):
    tar = shard(tmp_path / "a.tar", {"1.jpg": b"first", "./1.jpg": b"last"})
    (place,) = members_of(tar).places.values()
    assert place.size == len("last")


def test_a_file_that_changed_is_gone_through_again(tmp_path):
    tar = shard(tmp_path / "a.tar", {"1.jpg": b"x"})
    assert [*members_of(tar).places] == ["1.jpg"]
    shard(tmp_path / "a.tar", {"2.jpg": b"x"})
    os.utime(tar, ns=(1, 1))
    assert [*members_of(tar).places] == ["2.jpg"]


def test_what_is_no_whole_tar_file_is_a_sentence(tmp_path):
    tar = shard(tmp_path / "a.tar", {"1.jpg": 600 * b"x", "2.jpg": 600 * b"x"})
    whole = pathlib.Path(tar).read_bytes()
    damaged = bytearray(whole)
    damaged[1536] ^= 1  # in the second header
    for content, found in {
        gzip.compress(whole): "0 files (truncated header)",
        b"": "0 files (empty file)",
        whole[:2000]: "1 files (a header is damaged)",
        whole[:2600]: "2 files (unexpected end of data)",
        bytes(damaged): "1 files (a header is damaged)",
    }.items():
        pathlib.Path(tar).write_bytes(content)
        assert sentence(tar) == (
            f"{tar!r} cannot be read beyond {found}, but a whole tar file without compression was expected, "
            "for images are read in place: fetch or pack it again."
        )


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [-512, 2**30])
def test_a_header_that_would_take_all_memory_is_damage(kind, size, tmp_path):
    made = entry("1.jpg", kind)
    made.size = size
    tar = tmp_path / "a.tar"
    tar.write_bytes(made.tobuf(tarfile.GNU_FORMAT))
    with open(tar, "ab") as file:
        file.truncate(2**31)
    assert "(a header of " in sentence(str(tar))


def test_a_size_below_zero_does_not_lead_back(tmp_path):
    made = entry("1.jpg", tarfile.REGTYPE)
    made.size = -1024
    (tmp_path / "a.tar").write_bytes(made.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    assert "cannot be read beyond 0 files" in sentence(str(tmp_path / "a.tar"))


def test_tar_files_are_known_by_their_names(tmp_path):
    (tmp_path / "folder.tar").mkdir()
    assert is_tar(shard(tmp_path / "A.TAR", {}))
    assert not is_tar(str(tmp_path / "folder.tar"))
    assert not is_tar(str(tmp_path / "gone.tar"))
