import os

import numpy as np

from retrain.examples import groups
from retrain.examples.groups import Duplicates, find_duplicates, grouped, join_groups, same_content
from tests.examples.test_near_duplicates import copy, picture, thumbnail
from tests.examples.worlds import made_up, of_folder
from tests.tiny_parquet import parquet_file
from tests.tiny_shards import shard

JPEG = b"\xff\xd8\xff"


def test_groups_that_share_an_image_become_one_called_after_the_first():
    paths = [
        "m_nohash_1.jpg",
        "m_nohash_2.jpg",
        "k_nohash_1.jpg",
        "k_nohash_2.jpg",
        "z.jpg",
        "y.jpg",
        "x.jpg",
    ]
    examples = made_up(paths, kind=["a"] * 7)
    together = [
        ["m_nohash_2.jpg", "k_nohash_1.jpg"],
        ["k_nohash_2.jpg", "z.jpg"],
        ["m_nohash_1.jpg", "y.jpg"],
    ]
    assert join_groups(examples, together).groups == [*["k"] * 6, "x.jpg"]
    assert join_groups(examples, together[::-1]).groups == [*["k"] * 6, "x.jpg"]
    assert examples.groups == ["m", "m", "k", "k", "z.jpg", "y.jpg", "x.jpg"]


def test_near_duplicates_are_those_that_are_not_the_same_file_alone(tree):
    photos = tree(
        {"a/0.jpg": b"same", "a/1.jpg": b"other", "b/2.jpg": b"same", "b/3.jpg": b"3", "b/4.jpg": b"4"}
    )
    images = [picture(0), picture(1), picture(0), copy(picture(1), 0), picture(2)]
    thumbnails = np.stack([thumbnail(image) for image in images])
    assert find_duplicates(of_folder(photos), thumbnails) == Duplicates(
        exact=[["a/0.jpg", "b/2.jpg"]], near=[["a/1.jpg", "b/3.jpg"]]
    )


def test_near_duplicates_become_a_group_and_are_named(logged):
    examples = made_up(["1.jpg", "2.jpg", "3.jpg"], kind=["a", "b", "b"])
    found = Duplicates([], [["2.jpg", "3.jpg"]])
    assert grouped(examples, found).groups == ["1.jpg", "2.jpg", "2.jpg"]
    assert logged == ["'3.jpg' is nearly the same image as '2.jpg': they share a split."]


def test_under_a_given_split_nothing_is_grouped(logged):
    examples = made_up(["1.jpg", "2.jpg"], kind=["a", "b"]).with_splits(["train", "test"])
    assert grouped(examples, Duplicates([], [["1.jpg", "2.jpg"]])) is examples
    assert logged == []


def test_what_a_camera_sees_that_never_moves_is_no_group(logged):
    paths = [f"{index:02}.jpg" for index in range(600)]
    examples = made_up(paths, kind=["a"] * 600)
    assert grouped(examples, Duplicates([], [paths[:13]])).groups == paths
    assert logged == [
        "13 images look nearly alike, as those of a camera that does not move do: too many to keep them in "
        "one split; give each its group in a table of labels if they are copies."
    ]
    assert grouped(examples, Duplicates([], [paths[:12]])).groups == [*["00.jpg"] * 12, *paths[12:]]


def test_only_equal_content_counts(tree):
    photos = tree({"a/1.jpg": b"12", "a/2.jpg": b"13", "a/3.jpg": b"12", "b/1.jpg": b"123", "b/2.jpg": b"12"})
    assert same_content(of_folder(photos)) == [["a/1.jpg", "a/3.jpg", "b/2.jpg"]]


def test_images_in_tar_files_are_told_apart_as_files_are(tmp_path):
    middle = bytes(3 * groups.SLICE)
    contents = {"1": b"x" + middle + b"y", "2": b"x" + middle + b"z", "3": b"x" + middle + b"y", "4": b"1"}
    members = {f"{name}.jpg": content for name, content in contents.items()}
    shard(tmp_path / "x.tar", members | {f"{name}.cls": name.encode() for name in contents})
    assert same_content(of_folder(str(tmp_path))) == [["x.tar/1.jpg", "x.tar/3.jpg"]]


def test_images_in_parquet_are_told_apart_as_files_are(tmp_path):
    middle = bytes(3 * groups.SLICE)
    for name, ends in {"x.parquet": [b"y", b"z", b"", b"y"], "y.parquet": [b"y", b"y", b"z"]}.items():
        images = [JPEG + b"x" + middle + end for end in ends]
        parquet_file(tmp_path / name, {"image": images, "label": range(len(ends))}, rows=3)
    assert same_content(of_folder(str(tmp_path))) == [
        ["x.parquet/000000.jpg", "x.parquet/000003.jpg", "y.parquet/000000.jpg", "y.parquet/000001.jpg"],
        ["x.parquet/000001.jpg", "y.parquet/000002.jpg"],
    ]


def test_images_are_read_in_the_order_of_the_shard(tmp_path, monkeypatch):
    """Whatever their names: a row group is read whole."""
    names = [f"{number * 7 % 20}.jpg" for number in range(20)]
    images = [JPEG + bytes([number // 4, number % 4]) * (50 + number % 4) for number in range(20)]
    columns = {"image": images, "path": names, "label": range(20)}
    parquet_file(tmp_path / "x.parquet", columns, rows=2)
    examples = of_folder(str(tmp_path))
    read, opened = [], groups.opened
    monkeypatch.setattr(groups, "opened", lambda path: read.append(path) or opened(path))
    assert same_content(examples) == []
    assert read == [f"{tmp_path}/x.parquet/{name}" for name in names]


def test_files_that_differ_outside_the_slice_are_told_apart(tree):
    middle = bytes(3 * groups.SLICE)
    photos = tree(
        {"a/1.jpg": b"x" + middle + b"y", "a/2.jpg": b"x" + middle + b"z", "b/1.jpg": b"x" + middle + b"y"}
    )
    assert same_content(of_folder(photos)) == [["a/1.jpg", "b/1.jpg"]]


def test_empty_and_vanished_files_are_alike_to_none(tree):
    photos = tree({"a/1.jpg": b"", "a/2.jpg": b"", "b/1.jpg": b"1", "b/2.jpg": b"1"})
    examples = of_folder(photos)
    assert same_content(examples) == [["b/1.jpg", "b/2.jpg"]]
    os.remove(os.path.join(photos, "b", "2.jpg"))
    assert same_content(examples) == []


def test_files_whose_size_is_their_own_are_never_opened(tree, monkeypatch):
    photos = tree({"a/1.jpg": b"1", "a/2.jpg": b"12", "b/1.jpg": b"123"})
    examples = of_folder(photos)
    monkeypatch.setattr(groups, "_middle", lambda path, size: 1 / 0)
    assert same_content(examples) == []
