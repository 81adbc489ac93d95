"""What is known of the images before anything is trained: the facts of `data_report.json`.

Near duplicates are found here, and joined into one group before the split is decided; a split that is given
stays as it is, and what lies in two of its parts is reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from absl import logging

from retrain.commands.inputs import Inputs
from retrain.data.listing import Listing
from retrain.data.pipeline import why_no_image
from retrain.errors import InputError
from retrain.examples.duplicates import same_content
from retrain.examples.hash_split import SPLITS
from retrain.examples.near_duplicates import near_duplicates
from retrain.examples.table import TASK, join_groups
from retrain.examples.tasks import Heads, several_labels
from retrain.examples.training_examples import listed, log_notes, split_examples
from retrain.features.image_features import file_keys, without_skipped
from retrain.features.sketches import SketchBook, Sketches
from retrain.heads.head import Head
from retrain.report.data_report import log_data_report, write_data_report
from retrain.settings.config import Config

Sets = Sequence[Sequence[str]]  # of paths that belong together

# More images than this that look alike, if they are also more than this share of all, are no copies of one
# photo, but what a camera sees that never moves: kept together they would leave nothing to test on.
COPIES, SHARE = 10, 0.02


def examined(
    examples: pd.DataFrame,
    skipped: pd.DataFrame,
    book: SketchBook,
    listing: Listing,
    heads: Heads,
    config: Config,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The examples with their split, and the report, which is logged."""
    files = file_keys(examples, listing.image_dir)
    with book:
        book.fill(files)
    sketches = book.sketches(files)
    paths = examples["path"].tolist()
    near = [[paths[row] for row in rows] for rows in near_duplicates(sketches.thumbnails)]
    exact = same_content(examples, listing.image_dir)
    if not listing.given_split:
        copies = [paths for paths in near if len(paths) <= max(COPIES, SHARE * len(examples))]
        examples = join_groups(examples, copies)
        _log_near(copies, exact)
        _log_scenes(len(paths) for paths in near if paths not in copies)
    labels = several_labels(examples, listing, heads)
    examples = split_examples(examples, listing, config, labels)
    report = {
        **_sizes(examples, sketches, listing),
        "tasks": {task: _classes(examples, task, head) for task, head in heads.items()},
        "skipped": skipped[["path", "reason"]].to_dict("records"),
        **_duplicates(examples, heads, exact, _without(near, exact)),
    }
    log_data_report(report)
    return examples, report


def check_trained(report: Mapping[str, Any]) -> None:
    """InputError when there is a class that no image to train on has."""
    missing = [
        name if task == TASK else f"{name} ({task})"
        for task, of in report["tasks"].items()
        for name in of["not_in_train"]
    ]
    if missing:
        raise InputError(
            f"Every class needs an image to train on, but train has none of {', '.join(map(repr, missing))}: "
            f"add images, or remove the class."
        )


def dry_run(config: Config, inputs: Inputs) -> None:
    """The report alone; no module is needed for it."""
    heads, examples, leaks, book = listed(config, inputs.listing)
    examples, skipped = _images_only(examples, book, inputs.listing, config)
    _, report = examined(examples, pd.concat([skipped, leaks]), book, inputs.listing, heads, config)
    path = write_data_report(inputs.run_directory, report)
    print(f"Nothing was trained (--dry_run). All facts are in {path}")
    check_trained(report)


def _images_only(
    examples: pd.DataFrame, book: SketchBook, listing: Listing, config: Config
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples that can be decoded, and those that cannot, with the reason."""
    files = file_keys(examples, listing.image_dir)
    with book:
        book.fill(files)
    reasons = {row: why_no_image(file.path) for row, file in enumerate(files) if not book.has([file])}
    column = TASK if listing.columns is None else None
    kept, skipped = without_skipped(examples, reasons, config.max_skipped_percentage, column)
    return kept.reset_index(drop=True), skipped.reset_index(drop=True)


def _log_near(near: Sets, exact: Sets) -> None:
    notes = [
        f"{path!r} is nearly the same image as {paths[0]!r}: they share a split."
        for paths in _without(near, exact)
        for path in paths[1:]
    ]
    log_notes(notes, "images are nearly the same as others.")


def _log_scenes(sizes: Iterable[int]) -> None:
    for size in sorted(sizes, reverse=True):
        logging.info(
            "%d images look nearly alike, as those of a camera that does not move do: too many to keep them "
            "in one split; give each its group in a table of labels if they are copies.",
            size,
        )


def _without(near: Sets, exact: Sets) -> Sets:
    """Sets of near duplicates that are not merely copies of one file."""
    content = {path: number for number, paths in enumerate(exact) for path in paths}
    return [paths for paths in near if len({content.get(path, path) for path in paths}) > 1]


def _sizes(examples: pd.DataFrame, sketches: Sketches, listing: Listing) -> dict[str, Any]:
    splits = examples["split"].value_counts()
    seen = sketches.sizes[sketches.sizes.min(axis=1) > 0]
    return {
        "images": len(examples),
        "splits": {name: int(splits[name]) for name in SPLITS if name in splits},
        "height": _range(seen[:, 0]),
        "width": _range(seen[:, 1]),
        "formats": {name: int(count) for name, count in pd.Series(sketches.formats).value_counts().items()},
        "ignored_files": listing.ignored,
    }


def _range(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    return {"min": int(values.min()), "median": float(np.median(values)), "max": int(values.max())}


def _classes(examples: pd.DataFrame, task: str, head: Head) -> dict[str, Any]:
    """Images of each class, and the classes that no image to train on has."""
    counts, trained = dict.fromkeys(head.class_names, 0), set()
    known = examples[task].notna()
    for label, split in zip(examples[task][known], examples["split"][known], strict=True):
        for name in head.names_in(label):
            counts[name] += 1
            trained |= {name} if split == "train" else set()
    return {
        "head": head.kind,
        "labelled": int(known.sum()),
        "classes": counts,
        "not_in_train": [name for name in head.class_names if name not in trained],
    }


def _duplicates(examples: pd.DataFrame, heads: Heads, exact: Sets, near: Sets) -> dict[str, Any]:
    split = dict(zip(examples["path"], examples["split"], strict=True))
    labels = {task: dict(zip(examples["path"], examples[task], strict=True)) for task in heads}
    return {
        "exact_duplicates": exact,
        "near_duplicates": near,
        "in_several_splits": [paths for paths in [*exact, *near] if len({split[path] for path in paths}) > 1],
        "label_conflicts": [
            {"task": task, "same_content": same, "labels": {path: labels[task][path] for path in paths}}
            for same, sets in ((True, exact), (False, near))
            for paths in sets
            for task, head in heads.items()
            if _conflict(head, [labels[task][path] for path in paths])
        ],
    }


def _conflict(head: Head, labels: Sequence[str | None]) -> bool:
    return len({frozenset(head.names_in(label)) for label in labels if label is not None}) > 1
