import numpy as np

from retrain.examples.groups import Duplicates, find_duplicates, grouped, join_groups
from tests.examples.test_near_duplicates import copy, picture, thumbnail
from tests.examples.worlds import made_up, of_folder


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
