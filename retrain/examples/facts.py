"""What is known of the images before anything is trained: the facts of `data_report.json`."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from retrain.data.image_facts import NARROW, TRANSPARENT, ImageFacts
from retrain.data.listing import SPLITS, TASK
from retrain.errors import InputError
from retrain.examples.groups import Duplicates
from retrain.examples.labelled import LabelledExamples, Task


def data_facts(
    examples: LabelledExamples,
    images: ImageFacts,
    skipped: pd.DataFrame,
    duplicates: Duplicates,
    ignored: Mapping[str, int],
) -> dict[str, Any]:
    """Of examples whose splits are decided, and of the same `images`.

    `skipped` is a table (path, reason) of what is no example; `ignored` counts by reason what the listing
    left out.
    """
    splits = examples.table["split"].value_counts()
    trained_on = [name == "train" for name in examples.splits]
    seen = images.sizes[images.sizes.min(axis=1) > 0]
    return {
        "images": len(examples),
        "splits": {name: int(splits[name]) for name in SPLITS if name in splits},
        "height": _range(seen[:, 0]),
        "width": _range(seen[:, 1]),
        "formats": {name: int(count) for name, count in pd.Series(images.formats).value_counts().items()},
        "ignored_files": dict(ignored),
        "transparent": int(np.sum(images.traits & TRANSPARENT > 0)),
        "narrow_16_bit": int(np.sum(images.traits & NARROW > 0)),
        "alpha_background": examples.decoding.background,
        "tasks": {
            name: task.head.label_facts(task.cells, trained_on) for name, task in examples.tasks.items()
        },
        "skipped": skipped[["path", "reason"]].to_dict("records"),
        **_duplicates(examples, duplicates),
    }


def check_trained(report: Mapping[str, Any]) -> None:
    """InputError when there is a class that no image to train on has."""
    missing = [
        name if task == TASK else f"{name} ({task})"
        for task, of in report["tasks"].items()
        for name in of.get("not_in_train", ())
    ]
    if missing:
        raise InputError(
            f"Every class needs an image to train on, but train has none of {', '.join(map(repr, missing))}: "
            f"add images, or remove the class."
        )


def _range(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    return {"min": int(values.min()), "median": float(np.median(values)), "max": int(values.max())}


def _duplicates(examples: LabelledExamples, duplicates: Duplicates) -> dict[str, Any]:
    row_of = {path: row for row, path in enumerate(examples.paths)}
    split_of, (exact, near) = examples.splits, duplicates
    several = [paths for paths in [*exact, *near] if len({split_of[row_of[path]] for path in paths}) > 1]
    return {
        "exact_duplicates": exact,
        "near_duplicates": near,
        "in_several_splits": several,
        "label_conflicts": [
            {"task": name, "same_content": sets is exact, "labels": labels}
            for sets in duplicates
            for paths in sets
            for name, labels in _conflicts(examples.tasks, {path: row_of[path] for path in paths})
        ],
    }


def _conflicts(
    tasks: Mapping[str, Task], row_of: Mapping[str, int]
) -> Iterator[tuple[str, dict[str, str | None]]]:
    """The tasks in which the examples at these rows contradict each other, and the labels by path."""
    for name, task in tasks.items():
        labels = {path: task.cells[row] for path, row in row_of.items()}
        meant = {frozenset(task.head.names_in(label)) for label in labels.values() if label is not None}
        if len(meant) > 1:
            yield name, labels
