import pytest

from retrain.data.split_words import check_one_folder_each, resembles, split_of, tell_splits
from retrain.errors import InputError


@pytest.mark.parametrize(
    ("words", "split"),
    [
        (["train", "Training", "TRAIN", " train ", "trn"], "train"),
        (["validation", "validate", "val", "Valid", "dev", "EVAL", "evaluation", "PublicTest"], "validation"),
        (["test", "tests", "Testing", "tst", "Unseen", "holdout", "Hold-out", "PrivateTest"], "test"),
        (["", "roses", "tester", "train set", "trains"], None),
    ],
)
def test_words_in_any_case(words, split):
    assert {split_of(word) for word in words} == {split}


def test_names_that_resemble_splits():
    names = ["training_set", "seg-test", "TestImages", "val2017", "old train", "contest", "retrain", "猫"]
    assert list(map(resembles, names)) == ["train", "test", "test", "validation", "train", None, None, None]


def test_what_was_understood_is_told(told):
    tell_splits(["test", "valid", "train", "valid"])
    tell_splits(["Holdout", "TRAIN"])
    assert told == [
        "Splits as given: train, valid -> validation, test.",
        "Splits as given: TRAIN -> train, Holdout -> test.",
    ]


def test_two_folders_of_one_split():
    check_one_folder_each("photos", ["train", "val", "test"])
    with pytest.raises(InputError) as raised:
        check_one_folder_each("photos", ["testing", "train", "holdout"])
    assert str(raised.value) == (
        "'photos' has both 'holdout' and 'testing', but one test split was expected: join the two folders or "
        "move one away."
    )
