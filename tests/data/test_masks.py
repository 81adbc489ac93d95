import dataclasses

import pytest
from absl import logging

from retrain.data.listing import folder_listing
from retrain.data.masks import check_no_annotations, check_no_masks
from retrain.errors import InputError

BUSI = ["benign/benign (1).png", "benign/benign (1)_mask.png", "benign/benign (1)_mask_1.png", "normal/n.png"]


def listing(*paths: str):
    return dataclasses.replace(folder_listing("photos", [], {}), paths=[*paths])


def sentence(*paths: str) -> str:
    with pytest.raises(InputError) as raised:
        check_no_masks(listing(*paths))
    return str(raised.value)


def test_a_mask_beside_each_image():
    assert sentence(*BUSI) == (
        "2 of the 4 images in 'photos' are called like masks of others ('benign/benign (1)_mask.png' beside "
        "'benign/benign (1).png'), as sets for segmentation have, but images alone were expected in class "
        "folders: move the masks away, or, if they are photos themselves, give them other names."
    )


@pytest.mark.parametrize(
    "ending", ["_Mask.png", "-seg.PNG", "_segmented.jpg", "_segmentation.png", "_GT.bmp", " label 2.png"]
)
def test_what_masks_are_called(ending):
    assert sentence("a/1.jpg", f"a/1{ending}").startswith("1 of the 2 images in 'photos'")


def test_a_few_masks_are_told(monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: lines.append(text % values))
    check_no_masks(listing("a/1.jpg", "a/1_mask.png", "a/2.jpg", "a/3.jpg"))
    assert lines == [
        "1 of the 4 images in 'photos' are called like masks of others ('a/1_mask.png' beside 'a/1.jpg'), "
        "and are taken for images of their class: move away what is none."
    ]


def test_masks_without_images_are_photos():
    check_no_masks(
        listing("mask/1_mask.jpg", "mask/2_mask.jpg", "none/1.jpg", "none/unmask.jpg", "mask/mask.png")
    )


def test_a_folder_of_masks(tree):
    photos = tree(["images/1.jpg", "masks/1.png"])
    check_no_annotations(photos, ["images"])
    with pytest.raises(InputError) as raised:
        check_no_annotations(photos, ["images", "masks"])
    assert str(raised.value).startswith(f"{photos!r} has the folder 'masks' beside 'images', as sets for")


@pytest.mark.parametrize(
    ("below", "advice"),
    [
        (["train/1.jpg", "val/1.jpg"], "if all images in it are of one class, move the other folder away"),
        (["train/a/1.jpg", "val/a/1.jpg"], "did you mean '{}/images'?"),
        (["a/1.jpg", "b/1.jpg"], "did you mean '{}/images'?"),
    ],
)
def test_images_are_advised_where_they_have_classes(tree, below, advice):
    photos = tree([*(f"images/{path}" for path in below), "labels/train/1.txt"])
    with pytest.raises(InputError) as raised:
        check_no_annotations(photos, ["images", "labels"])
    assert f"were expected: {advice.format(photos)}" in str(raised.value)
