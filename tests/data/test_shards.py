import os
import pathlib
import tarfile

import pytest

from retrain.data.layout import read_listing, reader_of
from retrain.data.listing import Column
from retrain.data.shards import images_in, read, shards_of
from retrain.errors import InputError
from tests.tiny_parquet import IMAGE, class_label, parquet_file
from tests.tiny_shards import shard

JPEG = b"\xff\xd8\xff"
TWO = {"1.jpg": b"1", "1.cls": b"b", "deep/2.PNG": b"2", "deep/2.json": b'{"label": "a"}'}


def sentence(image_dir: object) -> str:
    with pytest.raises(InputError) as info:
        read_listing(str(image_dir))
    return str(info.value)


def test_images_are_called_by_their_shards(tmp_path):
    for name in ("x-1.tar", "x-0.TAR"):
        shard(tmp_path / name, TWO)
    listing = read(str(tmp_path))
    assert listing.paths == ["x-0.TAR/1.jpg", "x-0.TAR/deep/2.PNG", "x-1.tar/1.jpg", "x-1.tar/deep/2.PNG"]
    assert listing.columns == {"label": Column(["b", "a", "b", "a"])}
    assert (listing.splits, listing.given_split, listing.class_folders) == ([""] * 4, False, False)
    assert not listing.ignored


def test_one_tar_file_is_an_image_dir(tmp_path):
    listing = read_listing(shard(tmp_path / "x.tar", TWO))
    assert listing.image_dir == f"{tmp_path}/x.tar"
    assert listing.paths == ["1.jpg", "deep/2.PNG"]


def test_what_is_left_out_is_told(tmp_path):
    others = ["._1.jpg", ".cache/2.jpg", "3.jpg", "1.mask.png", "notes.txt", "README"]
    link = tarfile.TarInfo("4.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "1.jpg"
    shard(tmp_path / "x.tar", TWO | dict.fromkeys(others, b""), link)
    assert read(str(tmp_path)).ignored == {
        "hidden": 2,
        "without a label": 2,
        ".txt": 1,
        "without an ending": 1,
        "links in tar files": 1,
    }


def test_lists_are_several_labels(tmp_path):
    shard(
        tmp_path / "x.tar", {"1.jpg": b"", "1.json": b'{"labels": ["a", "b"]}', "2.jpg": b"", "2.cls": b"a"}
    )
    assert read(str(tmp_path)).columns == {"label": Column(["a|b", "a"], several=True)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a-train-0.tar", "a-val-0.tar"], ["train", "validation"]),
        (["test/0.tar", "training/0.tar"], ["test", "train"]),
        (["test/train-0.tar", "train/train-0.tar"], ["test", "train"]),
        (["imagenet_train.tar", "imagenet_train2.tar"], ["", ""]),
        (["0.tar", "train.tar"], ["", ""]),
        (["train/0.tar", "train/1.tar"], ["", ""]),
    ],
)
def test_names_of_shards_may_say_splits(names, expected, tmp_path):
    for name in names:
        shard(tmp_path / name, TWO)
    listing = read_listing(str(tmp_path))
    assert listing.splits == [split for split in expected for _ in range(2)]
    assert listing.paths[::2] == [f"{name}/1.jpg" for name in names]


def test_some_names_that_say_splits_are_a_sentence(tmp_path):
    for name in ("extra-0.tar", "train-0.tar", "val-0.tar"):
        shard(tmp_path / name, TWO)
    assert sentence(tmp_path) == (
        f"{str(tmp_path)!r} has shards whose names say a split (train, validation) beside 1 other "
        "('extra-0.tar'), but either all were expected to say one, as train-000 does, or none: rename "
        "them, or move others away."
    )


@pytest.mark.parametrize("beside", ["a/1.jpg", "1.jpg", "train/a/1.jpg", "train/1.jpg"])
def test_archives_beside_images_are_no_shards(beside, tree, tmp_path):
    photos = tree([beside])
    for folder in {"", os.path.dirname(beside)}:
        shard(pathlib.Path(photos, folder, "x.tar"), TWO)
    assert shards_of(photos) == []


def test_folders_and_files_of_other_names_are_no_shards(tree):
    assert shards_of(tree(["a.tar/1.jpg", "b/1.jpg"])) == []
    assert shards_of(tree(["x.tar.gz"], "packed")) == []
    assert shards_of("gone") == []
    with pytest.raises(InputError) as info:
        read(tree(["x.tar.gz"], "packed"))
    assert str(info.value).endswith(
        "packed' has no shards (.tar, .tfrecord, .parquet), or other images beside them, but they alone were "
        "expected: name a folder that holds DIR/*.tar, DIR/*.tfrecord or DIR/*.parquet."
    )


def test_shards_without_labels_are_a_sentence(tmp_path):
    shard(tmp_path / "x.tar", {"cat/1.jpg": b"", "cat/2.jpg": b"", "notes.txt": b""})
    assert reader_of(str(tmp_path)) == "shards"
    assert sentence(tmp_path) == (
        f"{str(tmp_path)!r} has tar files without any image that has a label beside it (2 without a label, 1 "
        ".txt), as 000123.cls or 000123.json lies beside 000123.jpg in WebDataset's form: write such files, "
        "or unpack the images into class folders."
    )
    shard(tmp_path / "x.tar", {})
    assert "has a label beside it, as 000123.cls" in sentence(tmp_path)


def test_all_images_of_a_tar_file(tmp_path):
    tar = shard(tmp_path / "x.tar", TWO | {"3.mask.png": b"", ".4.jpg": b""})
    assert images_in(tar) == (["1.jpg", "deep/2.PNG", "3.mask.png"], {".cls": 1, ".json": 1, "hidden": 1})


def test_parquet_of_hugging_face_says_splits_and_labels(tmp_path):
    features = {"image": IMAGE, "label": class_label("a", "b")}
    for name, labels in {"test": [-1], "train": [1, 0], "validation": [0]}.items():
        images = [{"bytes": JPEG, "path": f"{number}.jpg"} for number in range(len(labels))]
        columns = {"image": images, "label": labels}
        parquet_file(tmp_path / "data" / f"{name}-00000-of-00001.parquet", columns, features)
    listing = read_listing(str(tmp_path / "data"))
    assert listing.paths == [
        *(f"train-00000-of-00001.parquet/{number}.jpg" for number in range(2)),
        "validation-00000-of-00001.parquet/0.jpg",
    ]
    assert listing.columns == {"label": Column(["b", "a", "a"])}
    assert listing.splits == ["train", "train", "validation"]
    assert listing.ignored == {"without a label": 1}


def test_one_file_of_parquet_is_an_image_dir_or_a_table(tmp_path, tree):
    images = parquet_file(tmp_path / "x.parquet", {"image": [JPEG] * 2, "label": ["a", "b"]})
    assert read_listing(images).paths == ["000000.jpg", "000001.jpg"]
    photos = tree(["1.jpg", "2.jpg"])
    table = parquet_file(pathlib.Path(photos, "x.parquet"), {"path": ["1.jpg", "2.jpg"], "label": ["a", "b"]})
    assert read_listing(table).paths == ["1.jpg", "2.jpg"]


def test_parquet_without_labels_is_a_sentence(tmp_path):
    parquet_file(tmp_path / "x.parquet", {"image": [JPEG], "caption": ["a rose"]})
    assert sentence(tmp_path) == (
        f"{str(tmp_path)!r} has files of Parquet without any image that has a label (1 without a label), in "
        "a column called image/class/text, class_name, label_name, class, category, label, labels, cls, "
        "image/class/label: write one of these, or name a table with --labels_file."
    )
