import errno

import pytest
import tensorflow as tf

from retrain.gfile import copy, entries, files_below, is_file, opened, status
from tests.at_address import emptied, write

HERE = "ram://gfile/photos"


@pytest.fixture(autouse=True)
def photos():
    for name in ("1.jpg", "roses/2.jpg", "v1.0/3.jpg", "notes.txt"):
        write(f"{HERE}/{name}", name.encode())
    yield
    emptied("ram://gfile")


def test_files_are_read_as_those_of_this_machine():
    with opened(f"{HERE}/roses/2.jpg") as file:
        assert file.read(5) == b"roses"
        file.seek(0)
        assert file.read() == b"roses/2.jpg"
    assert status(f"{HERE}/roses/2.jpg") == (11, 0, True)
    assert status(f"{HERE}/roses")[2] is False
    assert is_file(f"{HERE}/1.jpg")
    assert not is_file(f"{HERE}/roses")
    assert not is_file(f"{HERE}/gone.jpg")


def test_what_lies_in_a_folder():
    found = {entry.name: entry for entry in entries(HERE)}
    assert {name for name, entry in found.items() if entry.is_dir()} == {"roses", "v1.0"}
    assert {name for name, entry in found.items() if entry.is_file()} == {"1.jpg", "notes.txt"}
    assert found["roses"].path == f"{HERE}/roses"
    assert not any(entry.is_symlink() for entry in found.values())


def test_what_begins_like_a_folder_does_not_lie_in_it():
    write(f"{HERE}/roses.json", b"")
    assert [entry.name for entry in entries(f"{HERE}/roses")] == ["2.jpg"]


def test_no_name_leads_out_of_its_folder(monkeypatch):
    """The objects of a bucket may be called so by who wrote them."""
    monkeypatch.setattr(tf.io.gfile, "listdir", lambda folder: ["../", "./", "..", "/", "1.jpg"])
    assert files_below(HERE) == {"1.jpg": (5, 0)}


def test_what_lies_at_any_depth():
    assert files_below(HERE) == {
        "1.jpg": (5, 0),
        "notes.txt": (9, 0),
        "roses/2.jpg": (11, 0),
        "v1.0/3.jpg": (10, 0),
    }


def test_files_are_copied_from_and_to_addresses(tmp_path):
    copy(f"{HERE}/roses/2.jpg", f"{tmp_path}/deep/2.jpg")
    assert (tmp_path / "deep" / "2.jpg").read_bytes() == b"roses/2.jpg"
    (tmp_path / "3.jpg").write_bytes(b"three")
    for _ in range(2):
        copy(f"{tmp_path}/3.jpg", f"{HERE}/new/3.jpg")
        assert opened(f"{HERE}/new/3.jpg").read() == b"three"


def test_images_and_what_is_said_to_be_a_folder_are_not_asked_for(monkeypatch):
    """As a bucket lists them: folders with a slash behind."""
    monkeypatch.setattr(tf.io.gfile, "listdir", lambda folder: ["/", "a/", "1.JPG", "b.png", "README"])
    asked = []
    monkeypatch.setattr(tf.io.gfile, "isdir", lambda path: asked.append(path))
    assert [(entry.name, bool(entry.is_dir())) for entry in entries("gs://b/")] == [
        ("a", True),
        ("1.JPG", False),
        ("b.png", False),
        ("README", False),
    ]
    assert asked == ["gs://b/README"]


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (tf.errors.NotFoundError, errno.ENOENT),
        (tf.errors.PermissionDeniedError, errno.EACCES),
        (tf.errors.UnavailableError, errno.EIO),
    ],
)
def test_errors_are_those_of_the_system(error, number, monkeypatch):
    def refuse(*args):
        raise error(None, None, "words\n\tof the service")

    monkeypatch.setattr(tf.io.gfile, "stat", refuse)
    monkeypatch.setattr(tf.io.gfile, "listdir", refuse)
    monkeypatch.setattr(tf.io.gfile, "GFile", refuse)
    for read in (status, entries, opened):
        with pytest.raises(OSError, match="words") as info:
            read("gs://b/x")
        assert (info.value.errno, info.value.strerror) == (number, "words of the service")
        assert info.value.filename == "gs://b/x"
