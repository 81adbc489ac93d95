import io
import os
import pathlib
import re
import tarfile

import pytest

from retrain.errors import InputError
from retrain.modules.sources.path_sources import TF1Hub
from retrain.modules.sources.source import Source, check_handle, source_of
from retrain.settings.module import ModuleSettings


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> pathlib.Path:
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(path: pathlib.Path, members: dict[str, bytes]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return str(path)


def flipped(content: bytes, place: int) -> bytes:
    """All but the lowest bit of one byte."""
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def fetched(handle: str) -> Source:
    return source_of(handle).fetched()


@pytest.mark.parametrize(("prefix", "suffix"), [("", ".tar.gz"), ("./", ".tgz"), ("folder/", ".tar.gz")])
def test_archives_are_unpacked_once(tmp_path, cache, prefix, suffix):
    members = {f"{prefix}saved_model.pb": b"graph", f"{prefix}tfhub_module.pb": b""}
    handle = archive(tmp_path / f"module{suffix}", members)
    source = fetched(handle)
    module = pathlib.Path(source.location)
    assert source == TF1Hub(handle, str(module))
    assert cache / "modules" in module.parents
    assert (module / "saved_model.pb").read_bytes() == b"graph"
    (module / "variables").mkdir()
    assert fetched(handle) == source
    assert (module / "variables").exists()
    os.rename(handle, tmp_path / "elsewhere.tar.gz")
    assert fetched(str(tmp_path / "elsewhere.tar.gz")).location == source.location


def test_without_a_cache_archives_are_unpacked_for_the_run(tmp_path, cache):
    cache.touch()
    handle = archive(tmp_path / "module.tgz", {"saved_model.pb": b"graph"})
    module = pathlib.Path(fetched(handle).location)
    assert (module / "saved_model.pb").read_bytes() == b"graph"
    assert tmp_path not in module.parents
    assert fetched(handle).location == str(module)


def test_other_content_is_unpacked_elsewhere(tmp_path):
    one = fetched(archive(tmp_path / "module.tgz", {"saved_model.pb": b"one"}))
    two = fetched(archive(tmp_path / "module.tgz", {"saved_model.pb": b"two"}))
    assert one.location != two.location


def test_archive_without_a_module(tmp_path):
    handle = archive(tmp_path / "photos.tar.gz", {"a.jpg": b""})
    check_handle(handle)
    with pytest.raises(InputError) as info:
        fetched(handle)
    assert str(info.value) == f"{handle!r} is no module: there is no saved_model.pb in it, but a.jpg."


def test_damaged_archives_leave_nothing(tmp_path, cache):
    handle = archive(tmp_path / "module.tar.gz", {"saved_model.pb": os.urandom(10_000)})
    whole = pathlib.Path(handle).read_bytes()
    for content, reason in [
        (whole[:5000], "Compressed file ended before the end-of-stream marker was reached"),
        (b"not an archive", "not a gzip file"),
        (flipped(whole, 5000), "CRC check failed 0x[0-9a-f]+ != 0x[0-9a-f]+"),
    ]:
        pathlib.Path(handle).write_bytes(content)
        with pytest.raises(InputError) as info:
            fetched(handle)
        sentence = rf"'{handle}' cannot be unpacked \({reason}\): fetch or pack it again\."
        assert re.fullmatch(sentence, str(info.value))
        assert list((cache / "modules").iterdir()) == []


def refusal(handle: str) -> str:
    with pytest.raises(InputError) as info:
        fetched(handle)
    return str(info.value)


def test_archives_cannot_write_elsewhere(tmp_path, cache):
    handle = archive(tmp_path / "module.tar.gz", {"../../escaped": b""})
    assert refusal(handle) == (
        f"{handle!r} is not unpacked: '../../escaped' in it is no file or folder below it, and modules are "
        f"made of these: get the module from elsewhere."
    )
    absolute = archive(tmp_path / "absolute.tar.gz", {f"{tmp_path}/escaped": b"", "saved_model.pb": b""})
    assert pathlib.Path(fetched(absolute).location, str(tmp_path)[1:], "escaped").is_file()
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_archives_of_links_and_devices_are_not_unpacked(tmp_path, cache, kind):
    handle = str(tmp_path / "module.tar.gz")
    with tarfile.open(handle, "w:gz") as tar:
        member = tarfile.TarInfo("saved_model.pb")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    assert refusal(handle).startswith(f"{handle!r} is not unpacked: 'saved_model.pb' in it is no file or ")
    assert list((cache / "modules").iterdir()) == []


def test_an_archive_of_more_is_unpacked_where_it_is_allowed(tmp_path, cache):
    handle = archive(tmp_path / "module.tar.gz", {"saved_model.pb": b"graph"})
    source = source_of(handle)
    with pytest.raises(InputError, match=r"holds more than 1e-09 GiB, and"):
        source.fetched(ModuleSettings(max_archive_gb=1e-9))
    assert list((cache / "modules").iterdir()) == []
    assert source.fetched(ModuleSettings(max_archive_gb=1e-3)).files
