"""What every reader promises, whatever its layout: each row of READERS has one here or more, and is tested by
them."""

import dataclasses
import os
import pathlib

import pytest

from retrain.data import READERS
from retrain.data.layout import read_listing
from retrain.data.listing import TASK, Listing
from retrain.errors import InputError
from retrain.examples.labelled import heads_of, labelled_examples
from retrain.extensions import load
from retrain.image_files import is_file
from retrain.image_formats import EXTENSIONS
from tests.tiny_parquet import parquet_file
from tests.tiny_records import record_file
from tests.tiny_shards import shard

# Two classes, b and a, in the layout of each reader, with something to ignore.
LAYOUTS = {
    "folder": ["b/1.jpg", "b/deep/2.PNG", "b/.hidden.jpg", "a/3.webp", "a/notes.txt"],
    "table": ["b/1.jpg", "a/2.PNG", "3.jpg"],
    "class_split_folder": ["b/train/1.jpg", "a/train/2.PNG", "a/notes.txt", "a/val/3.jpg", "a/.hidden/4.jpg"],
    "split_folder": ["train/b/1.jpg", "train/a/2.PNG", "train/a/notes.txt", "val/a/3.jpg", "val/.hidden"],
}

TARS = {
    "x-0.tar": {"1.jpg": b"1", "1.cls": b"b", "2.PNG": b"2", "2.cls": b"a", "notes.txt": b""},
    "x-1.tar": {"1.webp": b"3", "1.json": b'{"label": "a"}', ".hidden.jpg": b""},
}
JPEG = b"\xff\xd8\xff"
RECORDS = {
    "x.tfrecord-00000-of-00002": [{"image/encoded": JPEG + b"1", "image/class/text": "b"}, {"height": 7}],
    "x.tfrecord-00001-of-00002": [
        {"image": JPEG, "class": 1, "label": "a"},
        {"image": JPEG + b"2", "label": "a"},
        {"image": JPEG + b"3"},
    ],
}
PARQUETS = {
    "x-00000-of-00002.parquet": {"image": [JPEG + b"1", None], "label": ["b", "a"]},
    "x-00001-of-00002.parquet": {"image": [JPEG, JPEG + b"2", JPEG + b"3"], "label": ["a", "a", None]},
}
# Not all layouts are files in folders.
WRITTEN = {
    "shards": lambda photos: [shard(photos / name, members) for name, members in TARS.items()],
    "records": lambda photos: [record_file(photos / name, images) for name, images in RECORDS.items()],
    "parquet": lambda photos: [parquet_file(photos / name, columns) for name, columns in PARQUETS.items()],
}
READER = {"records": "shards", "parquet": "shards"}  # of layouts that are not called as it
TABLE = "path,label\nb/1.jpg,b\na/2.PNG,a\n3.jpg,a\n3.jpg,a\n3.jpg,a\n"


@pytest.fixture(params=[*READERS, *READER])
def layout(request) -> str:
    return request.param


@pytest.fixture
def reader(layout) -> str:
    return READER.get(layout, layout)


@pytest.fixture
def image_dir(layout, tmp_path) -> str:
    for path in LAYOUTS.get(layout, ()):
        file = tmp_path / "photos" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.fsencode(path))
    if layout == "table":
        (tmp_path / "photos" / "labels.csv").write_text(TABLE)
    if layout in WRITTEN:
        WRITTEN[layout](tmp_path / "photos")
    return str(tmp_path / "photos")


def read(reader: str, image_dir: str) -> Listing:
    return load(READERS, reader, "reader")(place(reader, image_dir))


def place(reader: str, image_dir: str) -> str:
    """What is given to the reader."""
    return os.path.join(image_dir, "labels.csv") if reader == "table" else image_dir


def test_class_names_are_sorted_and_labels_are_among_them(reader, image_dir):
    listing = read(reader, image_dir)
    assert list(listing.columns) == [TASK]
    assert listing.columns[TASK].names == ("a", "b")
    assert set(listing.columns[TASK].cells) == {"a", "b"}
    assert not listing.columns[TASK].several


def test_paths_are_relative_and_lead_to_images(reader, image_dir):
    listing = read(reader, image_dir)
    for path in listing.paths:
        assert is_file(os.path.join(image_dir, path))
        assert path.lower().endswith(EXTENSIONS)
    assert len(set(listing.paths)) == 3
    assert sum(listing.ignored.values()) == 2


def test_columns_are_parallel_and_splits_have_their_names(reader, image_dir):
    listing = read(reader, image_dir)
    columns = [listing.paths, listing.splits, listing.groups, listing.weights]
    assert {len(column) for column in [*columns, listing.columns[TASK].cells]} == {3}
    assert set(listing.splits) <= ({"train", "validation", "test"} if listing.given_split else {""})


def test_the_same_folder_is_read_the_same_wherever_it_lies(reader, image_dir, tmp_path):
    first = read(reader, image_dir)
    assert read(reader, image_dir) == first
    os.rename(image_dir, tmp_path / "moved")
    moved = read(reader, str(tmp_path / "moved"))
    assert moved == dataclasses.replace(first, image_dir=moved.image_dir)


def test_the_reader_is_picked_by_what_lies_in_the_folder(reader, image_dir):
    assert read_listing(place(reader, image_dir)) == read(reader, image_dir)


def test_it_becomes_labelled_examples(reader, image_dir):
    listing = read(reader, image_dir)
    examples = labelled_examples(listing, heads_of(listing, {TASK: "softmax"}))
    assert (examples.paths, examples.splits) == (listing.paths, listing.splits)
    assert examples.tasks[TASK].cells == listing.columns[TASK].cells


def test_nothing_there_is_a_sentence(reader, tmp_path):
    (tmp_path / "empty").mkdir()
    for place in ("empty", "missing"):
        with pytest.raises(InputError):
            read(reader, str(pathlib.Path(tmp_path, place)))
