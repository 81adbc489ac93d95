import pytest

from retrain.data.open_splits import check_no_splits_among
from retrain.errors import InputError

AB = ("a", "b")


@pytest.mark.parametrize(
    ("around", "files"),
    [
        ("rps-test-set", [f"{top}/{name}/1.jpg" for top in ("rps", "rps-test-set") for name in AB]),
        ("my train", [f"{top}/{top}/{name}/1.jpg" for top in ("my train", "rest") for name in AB]),
    ],
)
def test_one_that_is_called_like_a_split_and_shares_its_classes(tree, around, files):
    photos = tree(files)
    folders = sorted({file.split("/")[0] for file in files})
    (other,) = {*folders} - {around}
    with pytest.raises(InputError) as raised:
        check_no_splits_among(photos, folders)
    assert str(raised.value) == (
        f"{photos!r} has folders named like splits ({around!r}) beside {other!r}, but either train, "
        "validation and test were expected, each with class folders, or class folders alone: if they are "
        "splits, give them these names and move other folders away; if they are classes, rename them, or "
        "name a table of labels with --labels_file."
    )


@pytest.mark.parametrize("inside", [["2019"], ["images", "imgs"], ["train", "val"]])
def test_what_says_no_classes_is_not_shared(tree, told, inside):
    folders = ["bullet train", "bus"]
    photos = tree([f"{folder}/{name}/1.jpg" for folder in folders for name in inside])
    check_no_splits_among(photos, folders)
    assert told == ["The folder 'bullet train' is taken for a class, as those beside it are ('bus')."]
