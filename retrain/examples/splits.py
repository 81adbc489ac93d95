"""Which split each image is in: as folders or table say, by hash, or frozen as in the file of another run."""

from collections.abc import Mapping, Sequence

from absl import logging

from retrain.data.listing import SPLITS
from retrain.examples.groups import log_notes
from retrain.examples.hash_split import Labels, Percentages, hash_splits
from retrain.examples.labelled import LabelledExamples
from retrain.examples.split_file import freeze_splits


def split(
    examples: LabelledExamples, percentages: Percentages, frozen: Mapping[str, str] | None = None
) -> LabelledExamples:
    """The examples with their splits; what is not where it would be expected is logged.

    `percentages` are those of validation and test, where no split is given; `frozen`: path -> split.
    """
    notes: list[str] = []
    if "" in examples.splits:
        splits, notes = _by_hash(examples, percentages)
        examples = examples.with_splits(splits)
    if frozen is not None:
        splits, notes = freeze_splits(examples.paths, examples.groups, examples.splits, frozen)
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
    """Copies of one image contradict each other where each has one class; not what the user made a group."""
    groups, labels = examples.groups, label_sets(examples)
    contradictory: set[str] = set()
    if len(examples.tasks) == 1 and all(len(of) == 1 for of in labels):
        given = examples.table["group"][examples.table["given_group"]]
        contradictory = _of_several_classes(groups, labels) - set(given)
    return hash_splits(list(zip(examples.paths, groups, labels, strict=True)), percentages, contradictory)


def _of_several_classes(groups: Sequence[str], labels: Sequence[Labels]) -> set[str]:
    first = {}
    pairs = zip(groups, labels, strict=True)
    return {group for group, of_example in pairs if first.setdefault(group, of_example) != of_example}
