import os

import pytest

from retrain.data.folder import check_class_count, read
from retrain.data.listing import TASK
from retrain.errors import InputError


def sentence(image_dir: str) -> str:
    with pytest.raises(InputError) as caught:
        read(image_dir)
    return str(caught.value)


def test_no_class_folders(tree):
    photos = tree([".hidden/1.jpg", "notes.txt"])
    assert sentence(photos) == (
        f"{photos!r} has no class folders, but a classifier needs 2 class folders or more: "
        "put images in DIR/CLASS/*.jpg."
    )


def test_images_without_class_folders(tree):
    photos = tree(["1.jpg", "2.PNG"])
    assert sentence(photos) == (
        f"{photos!r} has no class folders and 2 images directly in it, but a classifier needs 2 class "
        "folders or more: put images in DIR/CLASS/*.jpg."
    )


def test_one_class_will_do_to_evaluate_and_not_to_train(tree):
    photos = tree(["roses/1.jpg"])
    listing = read(photos)
    assert listing.columns[TASK].names == ("roses",)
    with pytest.raises(InputError) as raised:
        check_class_count(photos, listing.columns[TASK].names)
    assert str(raised.value) == (
        f"{photos!r} has 1 class folder ('roses'), but a classifier needs 2 class folders or more: "
        "put images in DIR/CLASS/*.jpg."
    )


def test_an_empty_class(tree):
    photos = tree(["a/1.jpg", "b/1.txt", "c/1.jpg"])
    assert sentence(photos) == (
        f"{photos!r} has 1 class folder without any image ('b' with 1 .txt), but every class needs one: "
        "add images (.jpg, .png, .tif, .webp and the like) or move the folder away."
    )


def test_all_empty_classes_are_named(tree):
    photos = tree(["a/1.jpg", "b/1.txt", "c/1.jpg", "d/e/.hidden.jpg"])
    os.symlink(photos, os.path.join(photos, "f"))
    assert sentence(photos) == (
        f"{photos!r} has 3 class folders without any image ('b' with 1 .txt, 'd' with 1 hidden, "
        "'f'), but every class needs one: add images (.jpg, .png, .tif, .webp and the like) or move the "
        "folder away."
    )


def test_splits_inside_some_classes(tree):
    photos = tree(["a/train/1.jpg", "a/test/1.jpg", "b/1.jpg"])
    assert sentence(photos) == (
        f"{photos!r} has folders named like splits inside class folders ('a/test', 'a/train') and images "
        "outside such folders ('b/1.jpg'), but either all images of every class were expected in "
        "DIR/CLASS/train, validation and test, or none: move the others there or away; or rename the folders "
        "if they are no splits."
    )
