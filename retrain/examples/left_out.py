"""The examples of a listing, and what of it is left out: copies of images that are held out, and no images.

Under a given split, an image to train on that is also held out would flatter the figures: it is dropped. Else
copies are one group. In two class folders, they are one image of both classes, if the head knows such. Of
files that gave no image, only so many may be skipped, and no class with them.
"""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd
from absl import logging

from retrain.data.listing import TASK, Listing
from retrain.examples.groups import join_groups, same_content
from retrain.examples.labelled import LabelledExamples, labelled_examples
from retrain.heads.head import Head


def training_examples(
    listing: Listing, heads: Mapping[str, Head], task_weights: Mapping[str, float] = MappingProxyType({})
) -> tuple[LabelledExamples, pd.DataFrame]:
    """The examples, and a table (path, reason) of images of train that a given split holds elsewhere, too."""
    examples, leaks = labelled_examples(listing, heads, task_weights), {}
    if listing.given_split:
        examples, leaks = drop_leaks(examples)
    else:
        examples = join_groups(examples, same_content(examples))
    if leaks:
        logging.info("%d images of train are left out, being in another split, too.", len(leaks))
    reasons = [(path, f"not trained on: the same image is {other}") for path, other in leaks.items()]
    return _joined(examples, listing), pd.DataFrame(reasons, columns=["path", "reason"])


def evaluation_examples(listing: Listing, heads: Mapping[str, Head]) -> LabelledExamples:
    """All images of a listing, whatever their split."""
    return _joined(labelled_examples(listing, heads), listing)


def drop_leaks(examples: LabelledExamples) -> tuple[LabelledExamples, dict[str, str]]:
    """A given split without the train images that other splits hold too, and path -> other path of those."""
    split, leaks = dict(zip(examples.paths, examples.splits, strict=True)), {}
    for paths in same_content(examples):
        held_out = [path for path in paths if split[path] != "train"]
        if held_out:
            leaks |= {path: held_out[0] for path in paths if split[path] == "train"}
    return examples.without(examples.table["path"].isin(leaks).to_numpy(bool)), leaks


def join_labels(examples: LabelledExamples) -> LabelledExamples:
    """One example for the same content in several class folders, with all its labels, if it may have them."""
    task = examples.tasks[TASK]
    label = dict(zip(examples.paths, task.cells, strict=True))
    dropped: set[str] = set()
    for paths in same_content(examples):
        labels = sorted({label[path] for path in paths})
        together = task.head.joined(labels)
        if len(labels) > 1 and together is not None:
            label[paths[0]] = together
            dropped |= set(paths[1:])
    kept = examples.without(examples.table["path"].isin(dropped).to_numpy(bool))
    return kept.with_cells(TASK, [label[path] for path in kept.paths])


def _joined(examples: LabelledExamples, listing: Listing) -> LabelledExamples:
    return join_labels(examples) if listing.class_folders else examples


def without_skipped(
    examples: LabelledExamples, reasons: Mapping[int, str]
) -> tuple[LabelledExamples, pd.DataFrame]:
    """Examples that are images, and a table (path, reason) of the others; `reasons` by row."""
    rows, paths = list(reasons), examples.paths
    columns = {"path": [paths[row] for row in rows], "reason": list(reasons.values())}
    return examples.without(rows), pd.DataFrame(columns, dtype=object)


def too_many_skipped(skipped: pd.DataFrame, count: int, most: float) -> str | None:
    """What is wrong when more than `most` percent of `count` images were skipped."""
    percentage = 100.0 * len(skipped) / count
    if percentage <= most:
        return None
    path, reason = skipped.iloc[0]
    return (
        f"{len(skipped)} of {count} images ({percentage:.1f} %) cannot be decoded, such as "
        f"{path!r} ({reason}), and --max_skipped_percentage allows {most:g} %: mend or remove them, or allow "
        f"more."
    )


def class_without_images(
    examples: LabelledExamples, kept: LabelledExamples, skipped: pd.DataFrame
) -> str | None:
    """What is wrong when of a class folder nothing is kept of the examples."""
    label = dict(zip(examples.paths, examples.tasks[TASK].cells, strict=True))
    lost = [label[path] for path in skipped["path"]]
    empty = sorted(set(lost) - set(kept.tasks[TASK].cells))
    if not empty:
        return None
    path, reason = skipped.iloc[lost.index(empty[0])]
    return (
        f"No image of {', '.join(map(repr, empty))} can be decoded, such as {path!r} ({reason}): add images, "
        f"or remove the class."
    )
