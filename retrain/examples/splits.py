"""Which split each image is in: as folders or table say, by hash, or frozen as in the file of another run."""

from collections.abc import Sequence

from absl import logging

from retrain.data.listing import SPLITS
from retrain.examples.groups import log_notes
from retrain.examples.hash_split import (
    OF_ROBOFLOW,
    HashedImage,
    Labels,
    Percentages,
    hash_key,
    hash_splits,
    stem,
)
from retrain.examples.labelled import LabelledExamples
from retrain.examples.split_file import Found, Frozen, freeze_splits


def split(
    examples: LabelledExamples, percentages: Percentages, frozen: Frozen | None = None
) -> LabelledExamples:
    """The examples with their splits; what is not where it would be expected is logged.

    `percentages` are those of validation and test, where no split is given; `frozen`: those of a split file.
    """
    notes: list[str] = []
    if "" in examples.splits:
        splits, notes = _by_hash(examples, percentages)
        examples = examples.with_splits(splits)
    if frozen is not None:
        images = Found(examples.paths, examples.contents, examples.groups, examples.splits)
        splits, notes = freeze_splits(images, frozen)
        examples = examples.with_splits(splits)
    log_notes(notes, "images are not where their hash would put them.")
    return examples


def log_splits(examples: LabelledExamples) -> None:
    """One line: images, classes and splits."""
    counts = examples.table["split"].value_counts()
    listed = ", ".join(f"{counts[name]} {name}" for name in SPLITS if name in counts)
    classes = frozenset().union(*label_sets(examples))
    logging.info("%d images of %d classes: %s.", len(examples), len(classes), listed)


def label_sets(examples: LabelledExamples) -> list[Labels]:
    """All (task, class) of each example."""
    by_task = [
        [
            {(name, label) for label in task.head.names_in(cell)} if cell is not None else set()
            for cell in task.cells
        ]
        for name, task in examples.tasks.items()
    ]
    return [frozenset().union(*of_example) for of_example in zip(*by_task, strict=True)]


def _by_hash(examples: LabelledExamples, percentages: Percentages) -> tuple[list[str], list[str]]:
    """Files of the same content contradict each other where each has one class, but another.

    Not near duplicates, which may well be of two classes, nor what the user made a group.
    """
    table, labels = examples.table, label_sets(examples)
    rows = zip(table["path"], table["group"], table["given_group"], table["content"], strict=True)
    _tell_copies(examples)
    keys = [group if given else hash_key(path, content) for path, group, given, content in rows]
    contradictory: set[str] = set()
    if len(examples.tasks) == 1 and all(len(of) == 1 for of in labels):
        contradictory = _of_several_classes(examples, labels) - set(table["group"][table["given_group"]])
    columns = zip(examples.paths, examples.groups, labels, keys, strict=True)
    return hash_splits([HashedImage(*row) for row in columns], percentages, contradictory)


def _tell_copies(examples: LabelledExamples) -> None:
    """One line on what Roboflow made several of."""
    table = examples.table
    sources = [stem(path) for path in table["path"][~table["given_group"]] if OF_ROBOFLOW.search(path)]
    if more := len(sources) - len({*sources}):
        logging.info(
            "%d images are called as Roboflow calls copies of others (NAME.rf.HASH.jpg): those of one NAME "
            "share a split.",
            more,
        )


def _of_several_classes(examples: LabelledExamples, labels: Sequence[Labels]) -> set[str]:
    """The groups with files of the same content and different labels."""
    first: dict[str, Labels] = {}
    rows = zip(examples.groups, examples.contents, labels, strict=True)
    return {group for group, content, of_file in rows if first.setdefault(content, of_file) != of_file}
