"""The tasks of a run: which heads its labels ask for, and what no head can learn."""

from collections.abc import Mapping, Sequence

import pandas as pd

from retrain.commands.task_flags import head_kinds
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.examples.duplicates import same_content
from retrain.examples.table import TASK
from retrain.extensions import load
from retrain.heads import HEADS
from retrain.heads.head import Head

Heads = Mapping[str, Head]

FREE_TEXT = 20  # so many labels, and most of them of one image only, are a text and no classes
SHOWN_NAMES = 3


def heads_of(listing: Listing, head: str, kinds: Mapping[str, str]) -> dict[str, Head]:
    """The head of each task, with its classes; `head` is the kind for a folder, `kinds` those of a table."""
    if listing.columns is None:
        return {TASK: _of_folder(load(HEADS, head, "head"), listing.class_names)}
    return {
        task: _of_column(load(HEADS, kind, "head"), task, listing.columns.tasks[task])
        for task, kind in head_kinds(listing, head, kinds).items()
    }


def label_sets(examples: pd.DataFrame, heads: Heads) -> list[frozenset[tuple[str, str]]]:
    """All (task, class) of each example."""
    by_task = [
        [
            {(task, name) for name in head.names_in(label)} if label is not None else set()
            for label in examples[task]
        ]
        for task, head in heads.items()
    ]
    return [frozenset().union(*of_example) for of_example in zip(*by_task, strict=True)]


def several_labels(
    examples: pd.DataFrame, listing: Listing, heads: Heads
) -> list[frozenset[tuple[str, str]]] | None:
    """All (task, class) of each example, or None where every image of a folder has one class."""
    labels = label_sets(examples, heads)
    return None if listing.columns is None and all(len(of) == 1 for of in labels) else labels


def join_labels(examples: pd.DataFrame, image_dir: str, heads: Heads) -> pd.DataFrame:
    """One row for the same content in several class folders, with all its labels, if the head takes them."""
    label = dict(zip(examples["path"], examples[TASK], strict=True))
    joined, dropped = {}, set()
    for paths in same_content(examples, image_dir):
        labels = sorted({label[path] for path in paths})
        together = heads[TASK].joined(labels)
        if len(labels) > 1 and together is not None:
            joined[paths[0]] = together
            dropped |= set(paths[1:])
    kept = examples[~examples["path"].isin(dropped)].reset_index(drop=True)
    return kept.assign(**{TASK: [joined.get(path, label[path]) for path in kept["path"]]})


def _of_folder(head: type[Head], class_names: Sequence[str]) -> Head:
    for name in class_names:
        if head.names_in(name) != [name]:
            raise InputError(
                f"The class folder {name!r} has a name that a {head.kind} head reads as several classes: "
                f"rename it."
            )
    return head(class_names)


def _of_column(head: type[Head], task: str, cells: Sequence[str | None]) -> Head:
    labels = [head.names_in(cell) for cell in cells if cell is not None]
    names = sorted({name for of_cell in labels for name in of_cell})
    shown = ", ".join(map(repr, names[:SHOWN_NAMES])) or "none"
    if len(names) < head.fewest_classes:
        raise InputError(
            f"A {head.kind} head needs {head.fewest_classes} classes or more, and task {task!r} has "
            f"{len(names)} ({shown}): label images of others, or leave the column out of --tasks."
        )
    if len(names) > FREE_TEXT and 2 * len(names) > len(labels):
        raise InputError(
            f"Task {task!r} has {len(names)} classes ({shown}, ...) on {len(labels)} images, which is free "
            f"text rather than labels: leave the column out of --tasks, or see what stands between labels "
            f"(--label_separator)."
        )
    return head(names)
