import io
import tarfile

import pytest

from retrain.errors import InputError
from retrain.modules.sources import archive_members
from retrain.modules.sources.archive_members import looked_at

NOTHING_ELSE = "modules are made of these: get the module from elsewhere."


def tar_of(*members: tarfile.TarInfo) -> tarfile.TarFile:
    """Without what they claim to hold: to be looked at, and not read."""
    content = b"".join(member.tobuf() for member in members)
    return tarfile.open(fileobj=io.BytesIO(content + bytes(1024)))


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info


def refusal(*members: tarfile.TarInfo, max_gb: float = 8.0) -> str:
    with pytest.raises(InputError) as info:
        list(looked_at(tar_of(*members), "m.tar.gz", max_gb))
    return str(info.value)


def test_files_and_folders():
    members = [member("a", kind=tarfile.DIRTYPE), member("a/saved_model.pb")]
    assert [found.name for found in looked_at(tar_of(*members), "m.tar.gz", 8.0)] == ["a", "a/saved_model.pb"]


@pytest.mark.parametrize(("size", "max_gb"), [(9 * 2**30, 8.0), (2**29, 0.25)])
def test_a_bomb_is_left_by_what_it_claims(size, max_gb):
    assert refusal(member("zeros", size), max_gb=max_gb) == (
        f"'m.tar.gz' holds more than {max_gb:g} GiB, and modules hold less: if it is one all the same, "
        f"give a larger --max_archive_gb, or unpack it yourself."
    )


def test_so_is_one_of_many_files(monkeypatch):
    monkeypatch.setattr(archive_members, "MOST_FILES", 2)
    assert refusal(*map(member, "abc")) == (
        "'m.tar.gz' holds more than 2 files, and modules hold less: if it is one all the same, unpack it "
        "yourself."
    )


@pytest.mark.parametrize(
    "strange",
    [
        member("../a"),
        member("a/../../b"),
        *(member("a", kind=kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)),
        *(member("a", kind=kind) for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE)),
    ],
)
def test_what_leads_out_or_is_no_file(strange):
    assert refusal(strange) == (
        f"'m.tar.gz' is not unpacked: {strange.name!r} in it is no file or folder below it, and "
        f"{NOTHING_ELSE}"
    )
