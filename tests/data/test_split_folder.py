import os

import pytest

from retrain.data.layout import read_listing
from retrain.data.listing import TASK, Column, Listing
from retrain.errors import InputError


def sentence(image_dir: str) -> str:
    with pytest.raises(InputError) as caught:
        read_listing(image_dir)
    return str(caught.value)


def test_the_folders_say_the_split(tree):
    photos = tree(
        ["train/a/1.jpg", "train/a/x/2.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.jpg", "test/b/1.jpg"]
    )
    assert read_listing(photos) == Listing(
        image_dir=photos,
        paths=[
            *("test/b/1.jpg", "train/a/1.jpg", "train/a/x/2.jpg", "train/b/1.jpg"),
            *("val/a/1.jpg", "val/b/1.jpg"),
        ],
        columns={TASK: Column(["b", "a", "a", "b", "a", "b"])},
        splits=["test", "train", "train", "train", "validation", "validation"],
        groups=[None] * 6,
        weights=[1.0] * 6,
        ignored={},
        class_folders=True,
    )


def test_a_missing_split_stays_missing(tree):
    assert set(read_listing(tree(["train/a/1.jpg", "train/b/1.jpg"])).splits) == {"train"}
    with_test = tree(["train/a/1.jpg", "train/b/1.jpg", "test/a/2.jpg"], "more")
    assert set(read_listing(with_test).splits) == {"train", "test"}


def test_what_is_ignored_at_every_level(tree):
    classes = ["train/a/1.jpg", "train/b/1.jpg", "validation/a/1.jpg"]
    photos = tree([*classes, "1.jpg", ".hidden", "train/2.jpg", "train/notes.txt", "validation/a/.x", "test"])
    listing = read_listing(photos)
    assert sorted(listing.paths) == classes
    assert listing.ignored == {"hidden": 2, "outside the class folders": 2, "without an ending": 1, ".txt": 1}


def test_two_validation_splits(tree):
    photos = tree([f"{split}/{name}/1.jpg" for split in ("train", "val", "validation") for name in "ab"])
    assert sentence(photos) == (
        f"{photos!r} has both 'val' and 'validation', but one validation split was expected: "
        "join the two folders or move one away."
    )


def test_any_word_for_train(tree):
    photos = tree(["Training/a/1.jpg", "Training/b/1.txt", "Valid/a/2.jpg"])
    assert sentence(photos).startswith(
        f"{os.path.join(photos, 'Training')!r} has 1 class folder without any image"
    )


def test_no_train(tree):
    photos = tree([f"{split}/{name}/1.jpg" for split in ("val", "test") for name in "ab"])
    assert sentence(photos) == (
        f"{photos!r} has the split folders 'test', 'val' but no 'train', which was expected beside them: "
        "add images to train on as DIR/train/CLASS/*.jpg."
    )


def test_a_split_without_class_folders(tree):
    photos = tree(["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"])
    assert sentence(photos) == (
        f"{os.path.join(photos, 'test')!r} has no class folders but 1 image directly in it, unlike the other "
        "splits in its folder: put its images in class folders or move it away."
    )
    os.remove(os.path.join(photos, "test", "1.jpg"))
    assert sentence(photos) == (
        f"{os.path.join(photos, 'test')!r} has no class folders, unlike the other "
        "splits in its folder: put its images in class folders or move it away."
    )


def test_a_class_that_train_has_not(tree):
    photos = tree(["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/c/1.jpg", "val/d/1.jpg"])
    train, val = os.path.join(photos, "train"), os.path.join(photos, "val")
    assert sentence(photos) == (
        f"{val!r} has 2 class folders ('c', 'd') that {train!r} has not, but the classes are those of train: "
        "add images to train on or move the folder away."
    )


def test_one_class(tree):
    photos = tree(["train/a/1.jpg", "val/a/1.jpg"])
    assert sentence(photos) == (
        f"{os.path.join(photos, 'train')!r} has 1 class folder ('a'), but a classifier needs 2 class folders "
        "or more: put images in DIR/CLASS/*.jpg."
    )


def test_a_class_that_is_empty_in_train(tree):
    photos = tree(["train/a/1.jpg", "train/b/1.txt", "train/c/1.jpg", "val/b/1.jpg"])
    assert sentence(photos) == (
        f"{os.path.join(photos, 'train')!r} has 1 class folder without any image ('b' with 1 .txt), but "
        "every class needs one: add images (.jpg, .png, .tif, .webp and the like) or move the folder away."
    )


def test_a_class_that_is_empty_elsewhere(tree):
    listing = read_listing(tree(["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.txt"]))
    assert listing.paths == ["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg"]


def test_a_folder_around_the_classes_of_a_split(tree):
    photos = tree(["train/set/a/1.jpg", "train/set/b/1.jpg", "test/set/a/1.jpg", "test/set/b/1.jpg"])
    assert sentence(photos) == (
        f"'{photos}/train' has one folder 'set' around 2 others ('a', 'b'), but class folders were expected "
        "directly in it: move them up."
    )
    photos = tree(["train/a/1.jpg", "train/b/1.jpg", "test/set/a/1.jpg", "test/set/b/1.jpg"], "test")
    assert sentence(photos).startswith(f"'{photos}/test' has one folder 'set' around 2 others")


def test_kinds_of_a_class_are_told(tree, told):
    classes = ["Animalia/cat", "Animalia/dog", "Plantae/elm", "Plantae/oak"]
    read_listing(tree([f"{split}/{name}/1.jpg" for split in ("train", "val") for name in classes]))
    assert told == [
        "The class folders 'Animalia', 'Plantae' hold folders, whose images are all of the class above: if "
        "it is these that are the classes, such as 'Animalia/cat', move them up, or name a table of labels "
        "with --labels_file.",
        "Splits as given: train, val -> validation.",
    ]
