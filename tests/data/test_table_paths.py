import os
import unicodedata

import pytest

from retrain import files
from retrain.data.table_paths import found_paths


@pytest.fixture
def photos(tmp_path) -> str:
    for name in (
        "cats/1.jpg",
        "cats/2.JPG",
        "dogs/3.jpeg",
        "dogs/4.png",
        "5.jpg",
        "5.png",
        "007.jpg",
        "notes.txt",
    ):
        files.write_text(tmp_path / "photos" / name, "")
    return str(tmp_path / "photos")


def found(photos: str, *paths: str) -> list[str]:
    return found_paths("t.csv", photos, paths)


def test_what_is_there_as_it_is_written_is_not_sought(photos, told, monkeypatch):
    monkeypatch.setattr(os, "walk", lambda *_, **__: pytest.fail("listed"))
    assert found(photos, "cats/1.jpg", " ./cats/2.JPG ", ".//5.jpg") == ["cats/1.jpg", "cats/2.JPG", "5.jpg"]
    assert told == []


def test_backslashes(photos, told):
    assert found(photos, r"cats\1.jpg", r".\dogs\4.png", "5.jpg") == ["cats/1.jpg", "dogs/4.png", "5.jpg"]
    assert told == ["--labels_file='t.csv', paths with \\ for /: read 2 of 3."]


def test_a_backslash_in_the_name_of_a_file_is_a_part_of_it(photos, told):
    files.write_text(f"{photos}/a\\b.jpg", "")
    assert found(photos, "a\\b.jpg") == ["a\\b.jpg"]
    assert told == []


def test_absolute_paths_below_image_dir_hash_the_same_anywhere(photos, told, tmp_path):
    os.symlink(photos, tmp_path / "link")
    link = str(tmp_path / "link")
    assert found(link, f"{photos}/5.jpg", f"{link}/cats/1.jpg", "5.png") == ["5.jpg", "cats/1.jpg", "5.png"]
    assert told == [f"--labels_file='t.csv', paths that begin at / below {link!r}: read 2 of 3."]


def test_an_absolute_path_elsewhere_stays(photos, told, tmp_path):
    files.write_text(tmp_path / "other.jpg", "")
    assert found(photos, f"{tmp_path}/other.jpg") == [f"{tmp_path}/other.jpg"]
    assert told == []


@pytest.mark.parametrize(
    ("path", "file", "way"),
    [
        ("cats/1", "cats/1.jpg", "without .jpg"),
        ("dogs/3", "dogs/3.jpeg", "without .jpeg"),
        ("cats/1.JPG", "cats/1.jpg", "with .JPG for .jpg"),
        ("cats/2.jpg", "cats/2.JPG", "with .jpg for .JPG"),
        ("dogs/3.jpg", "dogs/3.jpeg", "with .jpg for .jpeg"),
        ("Cats/1.jpg", "cats/1.jpg", "in another letter case"),
        ("7", "007.jpg", "without leading zeros"),
        ("7.jpg", "007.jpg", "without leading zeros"),
        ("7.0", "007.jpg", "with .0 behind numbers"),
        ("cats/%31.jpg", "cats/1.jpg", "with % as in addresses"),
    ],
)
def test_what_is_nearly_there_is_found_and_told(photos, told, path, file, way):
    assert found(photos, path, path, "5.jpg") == [file, file, "5.jpg"]
    assert told == [f"--labels_file='t.csv', paths {way}: found 1 of 1."]


def test_the_same_letters_in_another_unicode_form(photos, told):
    name = "Käfer.jpg"
    files.write_text(f"{photos}/{unicodedata.normalize('NFD', name)}", "")
    assert found(photos, unicodedata.normalize("NFC", name)) == [unicodedata.normalize("NFD", name)]
    assert told == ["--labels_file='t.csv', paths in another Unicode form: found 1 of 1."]


def test_each_way_is_counted_and_what_is_nowhere_stays(photos, told):
    assert found(photos, "cats/1", "dogs/3", "cats/2.jpg", "cats/9") == [
        "cats/1.jpg",
        "dogs/3.jpeg",
        "cats/2.JPG",
        "cats/9",
    ]
    assert told == [
        "--labels_file='t.csv', paths with .jpg for .JPG: found 1 of 4.",
        "--labels_file='t.csv', paths without .jpeg: found 1 of 4.",
        "--labels_file='t.csv', paths without .jpg: found 1 of 4.",
    ]


def test_of_two_that_fit_none_is_taken(photos, told):
    assert found(photos, "5", "5.gif") == ["5", "5.gif"]
    assert told == []


def test_a_file_that_another_row_names_is_not_taken(photos, told):
    assert found(photos, "cats/1.jpg", "cats/1.png") == ["cats/1.jpg", "cats/1.png"]
    assert told == []


def test_a_folder_is_no_image(photos, told):
    files.write_text(f"{photos}/cats.jpg", "")
    assert found(photos, "cats") == ["cats.jpg"]


@pytest.mark.parametrize("before", ["photos/", "C:\\data\\photos\\", "/home/another/photos/"])
def test_folders_before_all_paths_that_are_elsewhere_here(photos, told, before):
    assert found(photos, f"{before}cats/1.jpg", f"{before}dogs/4.png") == ["cats/1.jpg", "dogs/4.png"]
    slashed = before.replace("\\", "/")
    assert told[-1] == f"--labels_file='t.csv', paths without {slashed!r}: found 2 of 2."


def test_folders_before_paths_are_not_left_out_where_that_finds_a_part(photos, told):
    paths = ["x/cats/1.jpg", "x/cats/9.jpg"]
    assert found(photos, *paths) == paths
    assert found(photos, "x/5.jpg", "cats/1.jpg") == ["x/5.jpg", "cats/1.jpg"]
    assert told == []


@pytest.mark.parametrize("before", ["/home/another/photos/", "D:/photos/", "gs://photos/"])
def test_folders_before_paths_that_are_elsewhere_beside_others(photos, told, before):
    assert found(photos, f"{before}cats/1.jpg", f"{before}5.png", "5.jpg") == ["cats/1.jpg", "5.png", "5.jpg"]
    assert told == [f"--labels_file='t.csv', paths without {before!r}: found 2 of 2."]
    assert found(photos, f"{before}5.jpg", "5.jpg") == ["5.jpg", "5.jpg"]


def test_links_that_go_in_a_circle_end(photos, told):
    os.symlink(photos, f"{photos}/cats/again")
    assert found(photos, "cats/1") == ["cats/1.jpg"]


def test_paths_below_a_folder_that_is_not_named(tree, told):
    photos = tree(["train/a/1.jpg", "train/b/1.jpg", "train/b/2.jpg.3.png", "x/c/4.jpg", "y/c/4.jpg"])
    paths = ["a/1.jpg", "b/1", "2.jpg.3", "c/4.jpg", "1.jpg"]
    assert found(photos, *paths) == ["train/a/1.jpg", "train/b/1.jpg", "train/b/2.jpg.3.png", *paths[3:]]
    assert told == [
        "--labels_file='t.csv', paths without their folders: found 3 of 5.",
        "--labels_file='t.csv', paths that two files have, such as '1.jpg' ('train/a/1.jpg' and "
        "'train/b/1.jpg'): left 2 of 2, for want of their folders.",
    ]


def test_names_alone_of_images_in_folders(photos, told):
    assert found(photos, "1.jpg", "3", "notes.txt") == ["cats/1.jpg", "dogs/3.jpeg", "notes.txt"]
    assert told == ["--labels_file='t.csv', paths without their folders: found 2 of 2."]
    assert found(photos, "birds/1.jpg", "5") == ["birds/1.jpg", "5"]


def test_paths_of_label_studio(photos, told):
    uploaded = "/data/upload/7/0a1b2c3d-{}"
    paths = [uploaded.format("1.jpg"), uploaded.format("4.png")]
    assert found(photos, *paths) == ["cats/1.jpg", "dogs/4.png"]
    assert told == ["--labels_file='t.csv', paths without their folders: found 2 of 2."]
    files.write_text(f"{photos}/my cats/6.jpg", "")
    files.write_text(f"{photos}/my cats/my 8.jpg", "")
    assert found(photos, uploaded.format("my%208.jpg")) == ["my cats/my 8.jpg"]
    assert found(photos, "/data/local-files/?d=my%20cats/6.jpg") == ["my cats/6.jpg"]


def test_addresses_of_images_that_are_here(photos, told):
    address = "https://example.org/photos/{}?width=3"
    assert found(photos, address.format("cats/1.jpg"), address.format("5.png")) == ["cats/1.jpg", "5.png"]
    assert told == ["--labels_file='t.csv', paths without 'https://example.org/photos/': found 2 of 2."]
