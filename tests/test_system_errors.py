import errno
import os

import pytest

from retrain import system_errors
from retrain.errors import InputError
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
