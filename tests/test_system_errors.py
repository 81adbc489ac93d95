import contextlib
import errno
import itertools
import os
import pathlib

import numpy as np
import pytest

from retrain import files, system_errors
from retrain.errors import InputError
from retrain.features.cache import FeatureCache, FileKey
from retrain.system_errors import refusals_told, writing
from tests.test_files import full_disk, without_figure


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full exists on Linux only")
def test_no_room_is_said_for_files_that_others_open(tmp_path):
    with (
        pytest.raises(InputError, match="There is no room on the disk"),
        writing(tmp_path / "x"),
        open("/dev/full", "wb") as full,
    ):
        full.write(b"x")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"/a/b.data; {os.strerror(errno.ENOSPC)}"),
        OSError("1000 requested and 512 written"),
    ],
)
def test_no_room_is_known_by_the_words_of_errors_without_errno(tmp_path, error):
    with pytest.raises(InputError, match="There is no room on the disk"), writing(tmp_path / "x"):
        raise error


def test_no_room_needs_no_existing_directory_to_say_so():
    with pytest.raises(InputError, match="There is no room"), writing("nowhere/at/all"):
        full_disk()


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path / "x"):
        (tmp_path / "photo.jpg").read_bytes()
    with pytest.raises(PermissionError), writing(tmp_path / "x"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "photo.jpg"))


@pytest.mark.parametrize("number", [errno.EIO, errno.EFBIG, errno.EACCES])
def test_what_fails_while_a_file_is_written_names_it(tmp_path, number):
    with pytest.raises(InputError) as raised, writing(tmp_path / "x"):
        raise OSError(number, os.strerror(number))
    assert str(raised.value) == (
        f"{str(tmp_path / 'x')!r} cannot be written ({os.strerror(number)}): name a place where it can be."
    )


def test_what_tensorflow_says_of_the_file_is_told(tmp_path):
    with pytest.raises(InputError) as raised, writing(tmp_path / "x"):
        raise RuntimeError(f"{tmp_path}/.x.0123abcd.partial/variables; {os.strerror(errno.EIO)}")
    assert str(raised.value) == (
        f"{str(tmp_path / 'x')!r} cannot be written (Input/output error): name a place where it can be."
    )
    with pytest.raises(RuntimeError), writing(tmp_path / "x"):
        raise RuntimeError(f"/elsewhere/photo.jpg; {os.strerror(errno.EIO)}")


def test_what_the_system_refuses_is_told_with_its_path(tmp_path):
    with pytest.raises(InputError) as raised, refusals_told(tmp_path):
        (tmp_path / "photo.jpg").read_bytes()
    assert str(raised.value) == (
        f"{str(tmp_path / 'photo.jpg')!r} cannot be read or written (No such file or directory): mend that, "
        "or name another place."
    )
    with pytest.raises(InputError) as raised, refusals_told(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert str(raised.value) == (
        "The system refused something (Input/output error): --verbosity=debug shows where."
    )


@pytest.mark.parametrize(
    "error", [OSError("from urllib"), BrokenPipeError(errno.EPIPE, "a reader left"), KeyError("a bug")]
)
def test_what_is_no_refusal_passes_through(tmp_path, error):
    with pytest.raises(type(error)) as raised, refusals_told(tmp_path):
        raise error
    assert raised.value is error


def test_no_room_names_the_file_or_the_fuller_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(system_errors.tempfile, "gettempdir", lambda: str(tmp_path))
    left = {tmp_path / "retrain": 2**20}
    monkeypatch.setattr(system_errors, "_free", lambda path: left.get(path, 2**30))
    named = tmp_path / "named"
    for error, place in {
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(named)): named,
        RuntimeError(f"x; {os.strerror(errno.ENOSPC)}"): tmp_path / "retrain",
    }.items():
        with pytest.raises(InputError) as raised, refusals_told("."):
            raise error
        assert without_figure(raised.value) == (
            f"There is no room on the disk for {str(place)!r} (N MiB are free): name another place."
        )


def replace_a_file(path: pathlib.Path) -> None:
    files.write_text(path, "new")


def make_a_file(path: pathlib.Path) -> None:
    with files.new_file(path) as file:
        file.write(b"new")


def make_a_directory(path: pathlib.Path) -> None:
    with files.new_directory(path) as directory:
        files.write_text(os.path.join(directory, "below", "file"), "new")


def replace_a_directory(path: pathlib.Path) -> None:
    with files.replaced_directory(path) as directory:
        files.write_text(os.path.join(directory, "file"), "new")


def remember_features(path: pathlib.Path) -> None:
    key = FileKey("photo.jpg", 1, 2)
    with FeatureCache(path, {}, 2).writer() as writer:
        writer.append([key], np.ones([1, 2], np.float32))
    assert FeatureCache(path, {}, 2).has(key)


def content(path: pathlib.Path) -> dict[str, bytes]:
    """What is there, by its place."""
    found = [path, *path.rglob("*")] if path.exists() else []
    return {str(file.relative_to(path)): file.read_bytes() for file in found if file.is_file()}


def let_fail(patch: pytest.MonkeyPatch, place: int, number: int) -> list[str]:
    """Lets the call at this place, of those that write, fail; the list names it when it has."""
    calls, failed = itertools.count(), []

    def failing(name, call):
        def called(*of, **named):
            if next(calls) == place:
                failed.append(name)
                raise OSError(number, os.strerror(number))
            return call(*of, **named)

        return called

    for name in ("mkdir", "rename", "replace", "fsync"):
        patch.setattr(os, name, failing(name, getattr(os, name)))
    patch.setattr("builtins.open", failing("open", open))
    return failed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize(
    ("write", "before"),
    [
        (replace_a_file, lambda path: path.write_text("old")),
        (make_a_file, lambda path: None),
        (make_a_directory, lambda path: None),
        (replace_a_directory, lambda path: files.write_text(path / "old", "old")),
    ],
)
def test_whichever_call_fails_all_is_as_before_or_whole(tmp_path, monkeypatch, write, before, number):
    """`tests/benchmarks/faults.py` is the long form, of whole commands and all that writes."""
    write(tmp_path / "whole")
    for place in itertools.count():
        path = tmp_path / str(place) / "x"
        path.parent.mkdir()
        before(path)
        old = content(path)
        with monkeypatch.context() as patch:
            failed = let_fail(patch, place, number)
            with contextlib.suppress(InputError):
                write(path)
        if not failed:
            assert place > 2
            break
        assert content(path) in (old, content(tmp_path / "whole"))
        assert os.listdir(path.parent) in ([], ["x"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_cache_that_could_not_be_written_remembers_what_is_computed_again(tmp_path, monkeypatch, number):
    for place in itertools.count():
        with monkeypatch.context() as patch:
            failed = let_fail(patch, place, number)
            try:
                remember_features(tmp_path / str(place))
            except InputError:
                assert failed
        if not failed:
            break
        remember_features(tmp_path / str(place))
