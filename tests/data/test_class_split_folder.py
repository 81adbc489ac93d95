import pytest

from retrain.data.layout import read_listing
from retrain.data.listing import TASK, Column, Listing
from retrain.errors import InputError


def test_the_folders_inside_classes_say_the_split(tree):
    files = ["Cat/Test/1.jpg", "Cat/Train/2.jpg", "Cat/Train/x/3.jpg", "dog/train/1.jpg", "dog/val/1.jpg"]
    photos = tree([*files, "notes.txt", "1.jpg", "Cat/.hidden", "Cat/Train/notes.txt"])
    assert read_listing(photos) == Listing(
        image_dir=photos,
        paths=files,
        columns={TASK: Column(["Cat", "Cat", "Cat", "dog", "dog"])},
        splits=["test", "train", "train", "train", "validation"],
        groups=[None] * 5,
        weights=[1.0] * 5,
        ignored={".txt": 2, "outside the class folders": 1, "hidden": 1},
        class_folders=True,
    )


def test_classes_without_images_to_train_on(tree):
    photos = tree(["a/train/1.jpg", "a/test/1.jpg", "b/test/1.jpg", "c/train/1.txt", "c/test/1.jpg"])
    with pytest.raises(InputError) as raised:
        read_listing(photos)
    assert str(raised.value) == (
        f"{photos!r} has 2 class folders without any image to train on ('b', 'c'), but every class needs one "
        "beside its other splits: add images as DIR/CLASS/train/*.jpg or move the folder away."
    )
