import os
import pathlib

import pytest

from retrain.data import listing
from retrain.data.layout import read_listing
from retrain.data.listing import TASK, Column, Listing, in_words, through_wrappers
from retrain.errors import InputError


def test_a_folder_of_class_folders(tree):
    photos = tree(["roses/b.jpg", "roses/a.jpg", "daisies/c.jpg"])
    assert read_listing(photos) == Listing(
        image_dir=photos,
        paths=["daisies/c.jpg", "roses/a.jpg", "roses/b.jpg"],
        columns={TASK: Column(["daisies", "roses", "roses"])},
        splits=["", "", ""],
        groups=[None] * 3,
        weights=[1.0] * 3,
        ignored={},
        class_folders=True,
    )


def test_folders_around_all_others_are_looked_through(tree):
    photos = tree(["a/x/y/b/1.jpg", "a/x/y/c/1.jpg", "a/notes.txt", "d/1.jpg", "d/e/1.jpg", "f/g/1.jpg"])
    assert through_wrappers(photos) == (photos, ["a", "d", "f"])
    assert through_wrappers(f"{photos}/a") == (f"{photos}/a/x/y", ["b", "c"])
    assert through_wrappers(f"{photos}/d") == (f"{photos}/d", ["e"])
    assert through_wrappers(f"{photos}/f") == (f"{photos}/f", ["g"])


def test_what_a_label_is_called(tree, tmp_path):
    assert read_listing(tree(["a/1.jpg", "b/1.jpg"])).called(TASK, "a") == "class folder 'a'"
    (tmp_path / "labels.csv").write_text("path,kind\na,x\n")
    assert read_listing(str(tmp_path / "labels.csv")).called("kind", "x") == "label 'x' in column 'kind'"


def test_names_in_a_column():
    cells = ["b|a", None, "", "?c", "a"]
    assert Column(cells, several=True).names == ("a", "b", "c")
    assert Column(cells).names == ("", "?c", "a", "b|a")


def test_a_folder_of_splits(tree):
    photos = tree([f"{split}/{name}/{split}.jpg" for split in ("train", "test") for name in ("a", "b")])
    assert read_listing(photos).given_split


def test_any_extension_in_any_case_at_any_depth(tree):
    names = ["1.jpg", "2.JPEG", "3.Png", "4.gif", "5.BMP", "6.webp", "deep/er/7.jpg", "deep.jpg/8.jpg"]
    names += ["9.jfif", "a.jpe", "b.TIF", "c.tiff", "d.avif", "e.HEIC", "f.heif", "g.ppm"]
    photos = tree([f"{name}/{file}" for name in ("a", "b") for file in names])
    found = read_listing(photos)
    assert found.paths == sorted(found.paths)
    assert found.paths[:16] == sorted(f"a/{name}" for name in names)
    assert found.ignored == {}


def test_hidden_entries_and_others_are_counted(tree):
    classes = ["a/1.jpg", "b/1.jpg"]
    others = [
        "a/.hidden.jpg",
        "a/.thumbnails/1.jpg",
        "a/.thumbnails/2.jpg",
        "a/notes.txt",
        "b/jpg",
        "b/x.psd",
        "b/y.psd",
    ]
    photos = tree([*classes, *others, "loose.jpg", ".DS_Store", ".git/1.jpg", "README.md"])
    found = read_listing(photos)
    assert found.paths == classes
    assert found.ignored == {
        "hidden": 4,
        ".psd": 2,
        ".txt": 1,
        ".md": 1,
        "without an ending": 1,
        "outside the class folders": 1,
    }
    assert in_words(found.ignored).startswith("4 hidden, 2 .psd, 1 ")


def test_many_kinds_of_others_are_told_in_short():
    kinds = {".a": 9, **{f".{number}": 2 for number in range(12)}}
    assert in_words(kinds) == "9 .a, 2 .0, 2 .1, 2 .2, 2 .3, 2 .4, 2 .5, 2 .6, 10 others"


def test_files_without_an_ending_are_known_by_their_content(tree):
    png = b"\x89PNG\r\n\x1a\n"
    found = read_listing(tree({"a/0123abc": png, "a/README": b"text", "a/x.jpg_large": png, "b/1.jpg": png}))
    assert found.paths == ["a/0123abc", "b/1.jpg"]
    assert found.ignored == {"without an ending": 1, ".jpg_large": 1}


def test_what_is_needed_for_a_kind_is_told(tree, monkeypatch):
    monkeypatch.setattr(listing, "EXTENSIONS", (".jpg",))
    monkeypatch.setattr(listing, "READS_HEIF", False)
    photos = tree(["a/1.jpg", "a/2.HEIC", "b/1.jpg", "b/3.heic"])
    assert read_listing(photos).ignored == {".heic (pip install 'retrain[heif]')": 2}


def test_class_names_in_any_script(tree):
    names = ["Ünïcode", "дом", "猫", "a b", "a"]
    photos = tree([f"{name}/{name} 1.jpg" for name in names])
    assert read_listing(photos).columns[TASK].names == tuple(sorted(names))


def test_links_are_followed_and_loops_end(tree, tmp_path):
    photos = pathlib.Path(tree(["a/1.jpg", "a/deep/2.jpg", "b/1.jpg"]))
    elsewhere = tree(["3.jpg", "4.png"], "elsewhere")
    os.symlink(elsewhere, photos / "a" / "linked")
    os.symlink(photos / "a", photos / "a" / "deep" / "itself")
    os.symlink(photos, photos / "b" / "all")
    os.symlink(tmp_path, photos / "b" / "above")
    os.symlink("nowhere.jpg", photos / "b" / "nowhere.jpg")
    os.symlink("circle.jpg", photos / "b" / "circle.jpg")
    os.symlink(photos / "a" / "1.jpg", photos / "b" / "2.jpg")
    found = read_listing(str(photos))
    assert found.paths == [
        *("a/1.jpg", "a/deep/2.jpg", "a/linked/3.jpg", "a/linked/4.png"),
        *("b/1.jpg", "b/2.jpg", "b/above/elsewhere/3.jpg", "b/above/elsewhere/4.png"),
    ]
    assert found.ignored == {"links to nowhere": 2}


def test_real_folders_win_over_links_to_them(tree):
    photos = pathlib.Path(tree(["a/z/1.jpg", "b/1.jpg"]))
    os.symlink(photos / "a" / "z", photos / "a" / "a link")
    assert read_listing(str(photos)).paths == ["a/z/1.jpg", "b/1.jpg"]


def test_a_linked_class_folder_is_a_class(tree):
    photos = pathlib.Path(tree(["a/1.jpg"]))
    os.symlink(tree(["2.jpg"], "elsewhere"), photos / "b")
    assert read_listing(str(photos)).paths == ["a/1.jpg", "b/2.jpg"]


def test_no_such_folder(tmp_path):
    missing = str(tmp_path / "missing")
    with pytest.raises(InputError) as caught:
        read_listing(missing)
    assert str(caught.value) == (
        f"{missing!r} does not exist, but a folder of class folders was expected: "
        "name one that holds images as DIR/CLASS/*.jpg."
    )


def test_a_file(tree):
    file = os.path.join(tree(["a.jpg"]), "a.jpg")
    with pytest.raises(InputError) as caught:
        read_listing(file)
    assert str(caught.value) == (
        f"{file!r} is a file, but a folder of class folders was expected: "
        "name one that holds images as DIR/CLASS/*.jpg."
    )


@pytest.mark.skipif(
    os.name != "posix" or os.uname().sysname != "Linux", reason="names are bytes on Linux only"
)
def test_a_name_that_is_no_text(tree):
    photos = tree(["a/1.jpg", "b/1.jpg"])
    with open(os.path.join(os.fsencode(photos), b"b", b"caf\xe9.jpg"), "wb"):
        pass
    with pytest.raises(InputError) as caught:
        read_listing(photos)
    assert str(caught.value) == (
        f"b'b/caf\\xe9.jpg' in {photos!r} is not UTF-8, as names of files and folders were expected to be: "
        "rename it."
    )
