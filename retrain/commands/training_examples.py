"""The examples of a training run: which images may be trained on, and in which split each of them lies."""

import itertools
from collections.abc import Collection, Sequence

import pandas as pd
from absl import logging

from retrain.config import Config
from retrain.data.duplicates import drop_leaks
from retrain.data.examples import TASK, examples_table
from retrain.data.listing import Listing
from retrain.data.split import SPLITS, assign_splits
from retrain.data.split_file import freeze_splits, read_split_file
from retrain.data.split_labels import Labels, assign_label_splits
from retrain.errors import InputError

SHOWN_NOTES = 5


def examples_without_leaks(listing: Listing) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The examples, and a table (path, reason) of images in train that lie in another given split, too."""
    examples, leaks = examples_table(listing), []
    if listing.given_split:
        examples, leaks = drop_leaks(examples, listing.image_dir)
        logging.info("%d images of train are left out, being in another split, too.", len(leaks))
    reasons = [(path, f"not trained on: the same image is {other}") for path, other in leaks]
    return examples, pd.DataFrame(reasons, columns=["path", "reason"])


def split_examples(
    examples: pd.DataFrame, listing: Listing, config: Config, labels: Sequence[Labels] | None = None
) -> pd.DataFrame:
    """The examples with their `split` decided: as the folders say, by hash, or as in --split_file.

    `labels` are given where an example may have several of them.
    """
    notes: list[str] = []
    percentages = (config.validation_percentage, config.testing_percentage)
    if labels is None and not listing.given_split:
        examples, notes = assign_splits(examples, *percentages)
    elif not listing.given_split:
        examples, notes = assign_label_splits(examples, labels, *percentages)
    if config.split_file is not None:
        examples, notes = freeze_splits(examples, read_split_file(config.split_file))
    _log_notes(notes)
    counts = examples["split"].value_counts()
    listed = ", ".join(f"{counts[name]} {name}" for name in SPLITS if name in counts)
    if labels is None:
        names, trained = listing.class_names, set(examples[TASK][examples["split"] == "train"])
    else:
        names, trained = _names(labels), _names(labels, (examples["split"] == "train").tolist())
    ignored = f" Ignored: {listing.ignored} other files." if listing.ignored else ""
    logging.info("%d images of %d classes: %s.%s", len(examples), len(names), listed, ignored)
    _check_train(names, trained)
    return examples


def _names(labels: Sequence[Labels], chosen: Sequence[bool] | None = None) -> list[str]:
    """Of all examples, or of those chosen: CLASS of one task, CLASS (TASK) of several."""
    found = {
        label
        for of_example in itertools.compress(labels, chosen or itertools.repeat(True))
        for label in of_example
    }
    return sorted(name if task == TASK else f"{name} ({task})" for task, name in found)


def _log_notes(notes: Sequence[str]) -> None:
    for note in notes[:SHOWN_NOTES]:
        logging.info("%s", note)
    more = len(notes) - SHOWN_NOTES
    if more > 0:
        logging.info("... and %d more images are not where their hash would put them.", more)


def _check_train(class_names: Sequence[str], trained: Collection[str]) -> None:
    missing = [name for name in class_names if name not in trained]
    if missing:
        raise InputError(
            f"Every class needs an image to train on, but train has none of {', '.join(map(repr, missing))}: "
            f"add images, or remove the class."
        )
