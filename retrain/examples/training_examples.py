"""The examples of a training run: which images may be trained on, and in which split each of them lies."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from absl import logging

from retrain.commands.options import feature_cache_directory
from retrain.commands.task_flags import task_kinds
from retrain.data.listing import Listing
from retrain.examples.duplicates import drop_leaks
from retrain.examples.hash_split import SPLITS, assign_splits
from retrain.examples.label_split import Labels, assign_label_splits
from retrain.examples.split_file import freeze_splits, read_split_file
from retrain.examples.table import examples_table
from retrain.examples.tasks import Heads, heads_of, join_labels
from retrain.features.image_features import file_keys
from retrain.features.sketches import SketchBook
from retrain.settings.config import Config

SHOWN_NOTES = 5


def examples_without_leaks(listing: Listing) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The examples, and a table (path, reason) of images in train that lie in another given split, too."""
    examples, leaks = examples_table(listing), []
    if listing.given_split:
        examples, leaks = drop_leaks(examples, listing.image_dir)
    if leaks:
        logging.info("%d images of train are left out, being in another split, too.", len(leaks))
    reasons = [(path, f"not trained on: the same image is {other}") for path, other in leaks]
    return examples, pd.DataFrame(reasons, columns=["path", "reason"])


def training_examples(listing: Listing, heads: Heads) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `examples_without_leaks`; what lies in several class folders has all their labels, if it may."""
    examples, leaks = examples_without_leaks(listing)
    if listing.columns is None:
        examples = join_labels(examples, listing.image_dir, heads)
    return examples, leaks


class Listed(NamedTuple):
    """The tasks, the examples, a table (path, reason) of what is no example, and what is known of images."""

    heads: Heads
    examples: pd.DataFrame
    leaks: pd.DataFrame
    book: SketchBook


def listed(config: Config, listing: Listing) -> Listed:
    """What a listing says, before any image is read."""
    heads = heads_of(listing, config.head, task_kinds(config))
    examples, leaks = training_examples(listing, heads)
    book = SketchBook(file_keys(examples, listing.image_dir), feature_cache_directory(config))
    return Listed(heads, examples, leaks, book)


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
    log_notes(notes, "images are not where their hash would put them.")
    counts = examples["split"].value_counts()
    listed = ", ".join(f"{counts[name]} {name}" for name in SPLITS if name in counts)
    ignored = f" Ignored: {listing.ignored} other files." if listing.ignored else ""
    classes = len(listing.class_names if labels is None else frozenset().union(*labels))
    logging.info("%d images of %d classes: %s.%s", len(examples), classes, listed, ignored)
    return examples


def log_notes(notes: Sequence[str], what: str) -> None:
    """The first few, and how many more there are of `what`."""
    for note in notes[:SHOWN_NOTES]:
        logging.info("%s", note)
    more = len(notes) - SHOWN_NOTES
    if more > 0:
        logging.info("... and %d more %s", more, what)
