"""The words that people use for splits, as names of folders and in the `split` column of a table."""

import re
from collections.abc import Iterable

from absl import logging

from retrain.errors import InputError

SPLIT_WORDS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "validate", "val", "valid", "dev", "eval", "evaluation", "publictest"),
    "test": ("test", "tests", "testing", "tst", "unseen", "holdout", "heldout", "privatetest"),
}
# A train has wheels, and what is valid lies beside what is not: these may be classes.
THINGS = ("train", "training", "valid")
FILLING = (
    "set",
    "data",
    "dataset",
    "images",
    "image",
    "imgs",
    "img",
    "photos",
    "pictures",
    "pics",
    "folder",
    "split",
)
_SPLITS = {word: split for split, words in SPLIT_WORDS.items() for word in words}


def split_of(word: str) -> str | None:
    """The split that a word stands for, in any case, hold-out as holdout; None where it stands for none."""
    return _SPLITS.get(re.sub("[-_ ]", "", word.lower()))


def resembles(name: str) -> str | None:
    """The split that a part of a name stands for, as in training_set, seg_test, TestImages or val2017."""
    return next((split for split in map(split_of, _parts(name)) if split), None)


def says_a_split_alone(name: str) -> bool:
    """Whether a name that resembles a split's can be no thing's: not test_tube, but test_images."""
    if name.lower() in THINGS:
        return False
    return bool(split_of(name)) or all(split_of(part) or part.lower() in FILLING for part in _parts(name))


def _parts(name: str) -> list[str]:
    return re.findall("[A-Z]?[a-z]+|[A-Z]+", re.sub("(?i)(?<=[a-z])set", " set", name))


def tell_splits(words: Iterable[str]) -> None:
    """One line: which word was taken for which split."""
    words = set(words)
    told = []
    for split in SPLIT_WORDS:
        told += [w if w == split else f"{w} -> {split}" for w in sorted(words) if split_of(w) == split]
    logging.info("Splits as given: %s.", ", ".join(told))


def check_one_folder_each(folder: str, words: Iterable[str]) -> None:
    """InputError where two folders stand for one split."""
    words = sorted(words)
    for split in SPLIT_WORDS:
        same = [word for word in words if split_of(word) == split]
        if len(same) > 1:
            raise InputError(
                f"{folder!r} has both {same[0]!r} and {same[1]!r}, but one {split} split was expected: "
                "join the two folders or move one away."
            )
