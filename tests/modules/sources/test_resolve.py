import io
import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

from retrain.errors import InputError
from retrain.modules.sources.resolve import Resolved, check_handle, resolve

FORMS = "a module directory, a .keras file, a .tar.gz of a module, an https:// URL, keras:NAME or builtin:"


@pytest.fixture
def directory(tmp_path) -> pathlib.Path:
    path = tmp_path / "module"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")
    return path


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


def sentence(handle: str) -> str:
    with pytest.raises(InputError) as info:
        check_handle(handle)
    with pytest.raises(InputError) as again:
        resolve(handle)
    assert str(again.value) == str(info.value)
    return str(info.value)


def test_builtin():
    assert resolve("builtin:") == Resolved("builtin", "")
    assert resolve("builtin:name") == Resolved("builtin", "name")


@pytest.mark.parametrize("handle", ["keras:MobileNet", "keras:NASNetLarge", "keras:MobileNet:none"])
def test_keras_names_are_known_to_keras_only(handle):
    assert resolve(handle) == Resolved("keras", handle)


@pytest.mark.parametrize("handle", ["keras:", "keras:a b", "keras:MobileNet:nowhere", "keras:MobileNet:"])
def test_malformed_keras_names(handle):
    assert sentence(handle) == (
        f"{handle!r} is not of the form keras:NAME or keras:NAME:WEIGHTS, with NAME a model of "
        f"keras.applications and WEIGHTS imagenet (the default) or none (random); keras:MobileNetV3Large is "
        f"an example."
    )


def test_directories(directory):
    assert resolve(str(directory)) == Resolved("saved_model", str(directory))
    (directory / "tfhub_module.pb").write_bytes(b"")
    assert resolve(str(directory)) == Resolved("tf1_hub", str(directory))


def test_a_home_is_expanded(directory, monkeypatch):
    monkeypatch.setenv("HOME", str(directory.parent))
    assert resolve("~/module") == Resolved("saved_model", str(directory))


def test_keras_file(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"")
    assert resolve(str(tmp_path / "model.keras")) == Resolved("keras", str(tmp_path / "model.keras"))


@pytest.mark.parametrize("handle", ["", "/no/such/module", "no_such.keras", "builtin"])
def test_nothing_there(handle):
    assert sentence(handle) == f"{handle!r} does not exist; a module handle is {FORMS}."


def test_a_directory_that_is_no_module(tmp_path):
    path = tmp_path / "photos"
    path.mkdir()
    assert (
        sentence(str(path)) == f"{str(path)!r} is no module: there is no saved_model.pb in it, but nothing."
    )
    for name in "gfedcba":
        (path / name).mkdir()
    assert sentence(str(path)) == (
        f"{str(path)!r} is no module: there is no saved_model.pb in it, but a/, b/, c/, d/, e/, 2 more."
    )


def test_a_directory_around_a_module(directory):
    around = str(directory.parent)
    assert sentence(around) == (
        f"{around!r} is no module: there is no saved_model.pb in it, but module/. Did you mean "
        f"{str(directory)!r}?"
    )


def test_other_files(tmp_path):
    for name in ("model.h5", "graph.pb"):
        (tmp_path / name).write_bytes(b"")
    assert sentence(str(tmp_path / "model.h5")) == (
        f"{str(tmp_path / 'model.h5')!r} is an HDF5 file, which is not read; load the model where it was "
        f"made and save it in today's format, model.save('NAME.keras')."
    )
    assert sentence(str(tmp_path / "graph.pb")) == (
        f"{str(tmp_path / 'graph.pb')!r} is a file of an unknown kind; a module handle is {FORMS}."
    )


@pytest.mark.parametrize(("prefix", "suffix"), [("", ".tar.gz"), ("./", ".tgz"), ("folder/", ".tar.gz")])
def test_archives_are_unpacked_once(tmp_path, cache, prefix, suffix):
    members = {f"{prefix}saved_model.pb": b"graph", f"{prefix}tfhub_module.pb": b""}
    handle = archive(tmp_path / f"module{suffix}", members)
    resolved = resolve(handle)
    assert resolved.format == "tf1_hub"
    module = pathlib.Path(resolved.location)
    assert cache / "modules" in module.parents
    assert (module / "saved_model.pb").read_bytes() == b"graph"
    (module / "variables").mkdir()
    assert resolve(handle) == resolved
    assert (module / "variables").exists()
    os.rename(handle, tmp_path / "elsewhere.tar.gz")
    assert resolve(str(tmp_path / "elsewhere.tar.gz")) == resolved


def test_other_content_is_unpacked_elsewhere(tmp_path):
    one = resolve(archive(tmp_path / "module.tgz", {"saved_model.pb": b"one"}))
    two = resolve(archive(tmp_path / "module.tgz", {"saved_model.pb": b"two"}))
    assert one != two


def test_archive_without_a_module(tmp_path):
    handle = archive(tmp_path / "photos.tar.gz", {"a.jpg": b""})
    check_handle(handle)
    with pytest.raises(InputError) as info:
        resolve(handle)
    assert str(info.value) == f"{handle!r} is no module: there is no saved_model.pb in it, but a.jpg."


def test_damaged_archives_leave_nothing(tmp_path, cache):
    handle = archive(tmp_path / "module.tar.gz", {"saved_model.pb": os.urandom(10_000)})
    whole = pathlib.Path(handle).read_bytes()
    for content, reason in [
        (whole[:5000], "Compressed file ended before the end-of-stream marker was reached"),
        (b"not an archive", "not a gzip file"),
    ]:
        pathlib.Path(handle).write_bytes(content)
        with pytest.raises(InputError) as info:
            resolve(handle)
        assert str(info.value) == f"{handle!r} cannot be unpacked ({reason}): fetch or pack it again."
        assert list((cache / "modules").iterdir()) == []


def test_archives_cannot_write_elsewhere(tmp_path):
    handle = archive(tmp_path / "module.tar.gz", {"../../escaped": b""})
    with pytest.raises(InputError, match="cannot be unpacked") as info:
        resolve(handle)
    assert "escaped" in str(info.value)
    assert not list(tmp_path.rglob("escaped"))


def test_a_url_that_cannot_be_reached():
    url = "http://127.0.0.1:1/module"
    check_handle(url)
    with pytest.raises(InputError) as info:
        resolve(url)
    assert str(info.value) == (
        f"{url!r} could not be downloaded (<urlopen error [Errno 111] Connection refused>): check the "
        f"address and the connection, or download the module elsewhere and give its directory."
    )


def test_imports_nothing_heavy():
    code = (
        "import sys; from retrain.modules import resolve, LOADERS; resolve.check_handle('keras:MobileNet'); "
        "resolve.resolve('builtin:'); "
        "assert not {'tensorflow', 'numpy', 'pandas', 'tensorflow_hub', 'platformdirs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
