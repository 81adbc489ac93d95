"""The words that people use for splits, as names of folders and in the `split` column of a table."""

import re
from collections.abc import Iterable

from absl import logging

from retrain.errors import InputError

SPLIT_WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev", "eval", "evaluation", "publictest"),
    "test": ("test", "testing", "holdout", "heldout", "privatetest"),
}
_SPLITS = {word: split for split, words in SPLIT_WORDS.items() for word in words}


def split_of(word: str) -> str | None:
    """The split that a word stands for, in any case, hold-out as holdout; None where it stands for none."""
    return _SPLITS.get(re.sub("[-_ ]", "", word.lower()))


def resembles(name: str) -> str | None:
    """The split that a part of a name stands for, as in training_set, seg_test, TestImages or val2017."""
    parts = re.findall("[A-Z]?[a-z]+|[A-Z]+", name)
    return next((split for split in map(split_of, parts) if split), None)


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
