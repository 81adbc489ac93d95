import io
import os
import pathlib
import sys
import types

import pytest
from PIL import Image

from retrain.commands.predict.inputs import check_paths, find_images
from retrain.errors import InputError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with photos of roses and tulips in it."""
    for name in ("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def on_standard_input(monkeypatch):
    def give(content: bytes, terminal: bool = False) -> None:
        stdin = types.SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: terminal)
        monkeypatch.setattr(sys, "stdin", stdin)

    return give


def sentence(*words: str) -> str:
    with pytest.raises(InputError) as raised:
        find_images(words)
    return str(raised.value)


def test_images_are_files_or_in_folders_at_any_depth():
    found = find_images(["photos/tulips/3.gif", "photos", "./photos/roses/"])
    assert found == (
        "photos/tulips/3.gif",
        *("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"),
        *("./photos/roses/1.jpg", "./photos/roses/deep/er/2.PNG"),
    )
    assert all(map(os.path.isfile, found))


def test_what_is_no_file_is_not_waited_for(here):
    os.mkfifo(here / "pipe.jpg")
    for name in ("pipe.jpg", "/dev/zero"):
        assert sentence(name, "photos") == (
            f"{name!r} is a pipe or a device, but an image or a folder of images was expected: save what it "
            f"gives in a file."
        )
    assert sentence("*.jpg").startswith("'pipe.jpg' is a pipe or a device, ")


def test_the_folder_that_one_is_in(here, monkeypatch):
    monkeypatch.chdir(here / "photos" / "roses")
    assert find_images(["."]) == ("./1.jpg", "./deep/er/2.PNG")


def test_a_pattern_names_what_a_shell_would_find_each_once(here):
    assert find_images(["photos/*/[0-9].*"]) == ("photos/roses/1.jpg", "photos/tulips/3.gif")
    everything = find_images(["photos/**"])
    assert sorted(everything) == sorted(find_images(["photos"]))
    os.rename(here / "photos/roses/1.jpg", here / "[1].jpg")
    assert find_images(["[1].jpg"]) == ("[1].jpg",)
    assert sentence("photos/*.jpg") == (
        "'photos/*.jpg' matches no file, but images or folders of images were expected."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"photos/tulips/3.gif\ngone.jpg\nphotos/roses\n",
        b"photos/tulips/3.gif\r\ngone.jpg\r\n\r\nphotos/roses",
        b"photos/tulips/3.gif\0gone.jpg\0photos/roses\0",
    ],
)
def test_paths_on_standard_input_of_which_some_may_be_gone(on_standard_input, content):
    on_standard_input(content)
    assert find_images(["-"]) == (
        *("photos/tulips/3.gif", "gone.jpg"),
        *("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG"),
    )


def test_a_path_may_hold_a_line_break_where_nul_separates(here, on_standard_input):
    Image.new("RGB", (2, 2)).save(here / "a\nb.jpg")
    on_standard_input(b"a\nb.jpg\0")
    assert find_images(["-"]) == ("a\nb.jpg",)


def test_a_terminal_is_told_that_it_is_waited_for(on_standard_input, caplog):
    on_standard_input(b"photos/tulips/3.gif", terminal=True)
    with caplog.at_level("INFO", "absl"):
        assert find_images(["-"]) == ("photos/tulips/3.gif",)
    assert caplog.messages == ["Paths of images are read from here, one a line, up to Ctrl-D."]


def test_none_of_the_paths_on_standard_input(on_standard_input):
    on_standard_input(b"roses\ntulips\n")
    advice = "give one a line, as they are called from the folder in which the command runs."
    assert sentence("-") == (f"None of the 2 paths on standard input exists, such as 'roses': {advice}")
    on_standard_input(b"")
    assert sentence("-") == f"None of the 0 paths on standard input exists: {advice}"


def test_what_cannot_be_predicted(here):
    assert sentence("s3://bucket/1.jpg") == (
        "'s3://bucket/1.jpg' is an address, but an image or a folder on this machine, or at gs://, was "
        "expected: mount what it leads to, as gcsfuse and mount-s3 do, or copy it to a disk."
    )
    assert sentence("photos", "gone.jpg") == (
        "'gone.jpg' does not exist, but an image or a folder of images was expected."
    )
    (here / "empty").mkdir()
    assert sentence("empty") == "'empty' holds no images: name a folder that does."
    for name in ("1.psd", "2.psd", ".hidden"):
        pathlib.Path("empty", name).touch()
    assert sentence("empty") == "'empty' holds no images but 2 .psd, 1 hidden: name a folder that does."
    name = os.fsdecode(b"\xff.jpg")
    (here / name).touch()
    assert sentence(name) == (
        "b'\\xff.jpg' is not UTF-8, as the name of a file was expected to be: rename it."
    )


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("words", ""),
        ("list.csv", " A table of images is given as --labels_file=list.csv, with --image_dir."),
        ("list.txt", " A list of images is read from standard input: predict - < list.txt"),
    ],
)
def test_no_file_that_can_be_an_image(here, name, advice):
    (here / name).write_text("photos/roses/1.jpg")
    assert sentence(name) == f"None of the 1 files is an image that can be decoded.{advice}"
    # One that can be is enough: the others are skipped with a word each.
    assert len(find_images([name, "photos/roses/1.jpg"])) == 2


def test_paths_may_begin_elsewhere():
    check_paths(["roses/1.jpg"], "photos")
    with pytest.raises(InputError):
        check_paths(["roses/1.jpg"])
