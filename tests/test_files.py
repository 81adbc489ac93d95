import errno
import os
import pathlib
import re
import stat
import threading

import pytest

from retrain import files
from retrain.errors import InputError


def names(directory: pathlib.Path) -> list[str]:
    return sorted(os.listdir(directory))


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def without_figure(error: InputError) -> str:
    return re.sub(r"\d+\.\d MiB", "N MiB", str(error))


def test_written_text_is_utf8_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "below" / "labels.txt"
    files.write_text(path, "a longer first version\n")
    files.write_text(path, "玫瑰\r\nrose\n")
    assert path.read_bytes() == "玫瑰\r\nrose\n".encode()
    assert names(path.parent) == ["labels.txt"]


def test_a_new_file_has_the_permissions_of_any_file(tmp_path):
    files.write_bytes(tmp_path / "written", b"")
    (tmp_path / "plain").touch()
    assert stat.S_IMODE((tmp_path / "written").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_no_room_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    files.write_text(path, "old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(InputError) as raised:
        files.write_text(path, "new")
    assert without_figure(raised.value) == (
        f"There is no room on the disk for {str(path)!r} (N MiB are free): name another place."
    )
    assert path.read_text() == "old"
    assert names(tmp_path) == ["metrics.json"]


def test_a_file_in_the_way_of_a_directory(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "metrics.json"
    with pytest.raises(InputError) as raised:
        files.write_text(path, "")
    assert str(raised.value) == (
        f"{str(path)!r} cannot be written (Not a directory): name a place where it can be."
    )


def test_a_directory_in_the_way_of_a_file(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    with pytest.raises(InputError) as raised:
        files.write_text(path, "")
    assert str(raised.value) == (
        f"{str(path)!r} cannot be written (Is a directory): name a place where it can be."
    )
    assert names(tmp_path) == ["out"]


def test_a_place_that_may_not_be_written_to(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(pathlib.Path, "mkdir", refuse)
    path = tmp_path / "runs" / "a"
    with pytest.raises(InputError) as raised, files.new_directory(path):
        pass
    assert str(raised.value) == (
        f"{str(path)!r} cannot be written (Permission denied): name a place where it can be."
    )


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="needs a file system in which nothing can be made"
)
def test_a_place_where_nothing_can_be_made():
    with pytest.raises(InputError) as raised:
        files.write_text("/proc/retrain/a.csv", "")
    assert str(raised.value) == (
        "'/proc/retrain/a.csv' cannot be written (No such file or directory): name a place where it can be."
    )


def test_a_new_file_gets_its_name_at_the_end_and_overwrites_nothing(tmp_path):
    path = tmp_path / "below" / "p.csv"
    with files.new_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    sentence = f"{str(path)!r} exists already, and nothing is overwritten: name a new file."
    with pytest.raises(InputError) as raised, files.new_file(path):
        raise AssertionError("not reached")
    assert str(raised.value) == sentence
    path.unlink()
    with pytest.raises(InputError) as raised, files.new_file(path):
        path.write_text("of another")
    assert str(raised.value) == sentence
    assert (names(path.parent), path.read_text()) == (["p.csv"], "of another")


def test_a_new_directory_gets_its_name_at_the_end(tmp_path):
    with files.new_directory(tmp_path / "runs" / "a") as directory:
        files.write_text(pathlib.Path(directory) / "sub" / "config.json", "{}")
        assert not (tmp_path / "runs" / "a").exists()
    assert (tmp_path / "runs" / "a" / "sub" / "config.json").read_text() == "{}"
    assert names(tmp_path / "runs") == ["a"]


@pytest.mark.skipif(not os.path.exists("/proc/version"), reason="/proc exists on Linux only")
def test_a_new_directory_may_hold_links_to_where_nothing_can_be_flushed(tmp_path):
    with files.new_directory(tmp_path / "a") as directory:
        os.symlink("/proc/version", os.path.join(directory, "link"))
    assert os.readlink(tmp_path / "a" / "link") == "/proc/version"


def test_a_new_directory_vanishes_when_its_making_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.new_directory(tmp_path / "a") as directory:
        files.write_text(pathlib.Path(directory) / "x", "")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_new_directory_vanishes_when_the_disk_is_full(tmp_path):
    with (
        pytest.raises(InputError, match="There is no room on the disk for"),
        files.new_directory(tmp_path / "a") as directory,
    ):
        (pathlib.Path(directory) / "half").write_text("half")
        full_disk()
    assert names(tmp_path) == []


def test_an_existing_directory_is_never_touched(tmp_path):
    sentence = f"{str(tmp_path)!r} exists already, and nothing is overwritten: name a new directory."
    with pytest.raises(InputError) as raised, files.new_directory(tmp_path):
        raise AssertionError("not reached")
    assert str(raised.value) == sentence


def test_a_replaced_directory_is_the_old_one_until_the_new_one_is_complete(tmp_path):
    for content in ("old", "new"):
        with files.replaced_directory(tmp_path / "a") as directory:
            assert os.listdir(directory) == []
            files.write_text(os.path.join(directory, content), content)
            assert names(tmp_path / "a") == ["old"] if content == "new" else names(tmp_path)[0] != "a"
        assert names(tmp_path) == ["a"]
        assert names(tmp_path / "a") == [content]


def test_a_directory_is_not_replaced_when_the_making_of_the_new_one_fails(tmp_path):
    files.write_text(tmp_path / "a" / "old", "old")
    with pytest.raises(KeyboardInterrupt), files.replaced_directory(tmp_path / "a") as directory:
        files.write_text(os.path.join(directory, "new"), "new")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["old"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in ("metrics.json", ".hidden", "a.partial", ".metrics.json.0123abcd.partial"):
        (tmp_path / name).touch()
    files.write_text(tmp_path / "export" / ".saved_model.0123abcd.partial" / "saved_model.pb", "half")
    files.remove_leftovers(tmp_path)
    assert names(tmp_path) == [".hidden", "a.partial", "export", "metrics.json"]
    assert names(tmp_path / "export") == []


def test_of_two_makers_of_one_directory_the_later_is_told(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(InputError) as raised, files.new_directory(path):
        with files.new_directory(path) as other:
            files.write_text(pathlib.Path(other) / "first", "")
    assert str(raised.value) == (
        f"{str(path)!r} exists already, and nothing is overwritten: name a new directory."
    )
    assert names(tmp_path) == ["a"]
    assert names(path) == ["first"]


def test_writers_of_one_file_never_mix(tmp_path):
    texts = [letter * 100_000 for letter in "abcd"]
    threads = [threading.Thread(target=files.write_text, args=(tmp_path / "x", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "x").read_text() in texts
    assert names(tmp_path) == ["x"]


def test_file_hash(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert files.file_hash(tmp_path / "x") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_directory_hash_is_of_names_and_contents_only(tmp_path):
    def tree(name: str, contents: dict[str, str]) -> str:
        for path, text in contents.items():
            files.write_text(tmp_path / name / path, text)
        return files.directory_hash(tmp_path / name)

    contents = {"saved_model.pb": "a", "variables/index": "b", "バラ/é": "c"}
    first = tree("first", contents)
    assert first == tree("moved", dict(reversed(contents.items())))
    assert first != tree("renamed", {**contents, "other": ""})
    assert first != tree("changed", {**contents, "variables/index": "B"})
    assert tree("one", {"a": "b", "c": ""}) != tree("two", {"a": "", "c": "b"})


def test_directory_hash_of_a_changed_name(tmp_path):
    files.write_text(tmp_path / "a" / "x", "1")
    files.write_text(tmp_path / "b" / "y", "1")
    assert files.directory_hash(tmp_path / "a") != files.directory_hash(tmp_path / "b")


def test_what_was_written_here_is_read_or_refused_in_a_sentence(tmp_path):
    path = tmp_path / "metrics.json"
    files.write_text(path, '{"é": 1}')
    assert (files.read_text(path), files.read_json(path)) == ('{"é": 1}', {"é": 1})
    for content, what, why in (
        (b'{"a": 1', "JSON", "Expecting ',' delimiter: line 1 column 8 (char 7)"),
        (b"\xff", "text in UTF-8", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError) as raised:
            files.read_json(path)
        assert str(raised.value) == (
            f"{str(path)!r} was expected to be {what} as retrain writes it, but cannot be read ({why}): put "
            "back what it was, or remove it."
        )


def test_what_is_no_file_is_missing(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").write_bytes(b"")
    there = ["a/1.jpg", str(tmp_path / "a/1.jpg")]
    gone = ["a/2.jpg", "a", "", str(tmp_path / "2.jpg")]
    assert files.missing_files(tmp_path, [*there, *gone]) == gone
