import pytest

from retrain.data.folders_inside import check_folders_inside, check_no_copy, inside_each, is_of_images, listed
from retrain.errors import InputError


def test_folders_in_each_up_to_the_first_that_holds_images(tree):
    photos = tree(["a/x/1.jpg", "a/y/1.jpg", "b/x/1.jpg", "c/1.jpg", "d/x/1.jpg"])
    assert inside_each(photos, ["a", "b", "c", "d"]) == {"a": ["x", "y"], "b": ["x"]}


def test_folders_of_images():
    names = ["images", "train_images", "part_1", "batch-02", "IMG", "roses", "apart"]
    assert list(map(is_of_images, names)) == [True] * 5 + [False] * 2


def test_the_same_folders_in_each_class():
    with pytest.raises(InputError) as raised:
        check_folders_inside("photos", ["2019", "2020"], {"2019": ["cat", "dog"], "2020": ["cat", "dog"]})
    assert str(raised.value) == (
        "'photos' has 2 folders ('2019', '2020') that hold the same folders ('cat', 'dog') each, but one "
        "level of class folders was expected: if the inner ones are the classes, put the images of each "
        "together, or, where the outer ones are splits, name these train, validation and test; if the outer "
        "ones are, move all images of each directly into it; or name a table of labels with --labels_file."
    )


def test_what_holds_others_names_is_a_copy(tree):
    photos = tree(["no/1.jpg", "yes/1.jpg", "set/no/1.jpg", "set/yes/1.jpg"])
    with pytest.raises(InputError) as raised:
        check_no_copy(photos, ["no", "set", "yes"])
    assert str(raised.value) == (
        f"{photos!r} has the folder 'set' beside 'no', 'yes', which holds folders of the same names, as a "
        "second copy of all images does, but folders of classes alone were expected: move it away, or, if "
        "'set' is a class, rename the folders in it."
    )


def test_some_of_the_names_are_no_copy(tree):
    photos = tree(["cat/1.jpg", "dog/1.jpg", "other/cat/1.jpg", "other/bird/1.jpg"])
    check_no_copy(photos, ["cat", "dog", "other"])
    check_no_copy(photos, ["cat", "other"])


@pytest.mark.parametrize(
    "name", ["cat - Copy", "cat - Copy (2)", "cat copy", "cat copy 3", "cat (1)", "cat(1)"]
)
def test_what_is_called_as_a_copy(tree, name):
    photos = tree(["cat/1.jpg", f"{name}/1.jpg"])
    with pytest.raises(InputError) as raised:
        check_no_copy(photos, ["cat", name])
    assert str(raised.value) == (
        f"{photos!r} has the folder {name!r} beside 'cat', as copies of folders are called, but each class "
        "was expected once: move it away, or, if it is a class of its own, rename it."
    )


def test_what_is_called_otherwise(tree):
    check_no_copy(tree(["Pear/1.jpg"]), ["Pear", "Pear 2", "plant copy", "x (1)", "Pearcopy"])


def test_the_first_few_names():
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed("abcdef") == "'a', 'b', 'c', 'd', 'e', ..."
