"""Files that gave no image are no examples: how many may be skipped, and what must not be lost with them."""

from collections.abc import Mapping

import pandas as pd

from retrain.data.listing import TASK
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples


def without_skipped(
    examples: LabelledExamples,
    reasons: Mapping[int, str],
    max_skipped_percentage: float,
    class_folders: bool,
) -> tuple[LabelledExamples, pd.DataFrame]:
    """Examples that are images, and a table (path, reason) of the others; `reasons` by row.

    InputError when there are too many of them, or when nothing is left of a class folder.
    """
    rows, paths = list(reasons), examples.paths
    columns = {"path": [paths[row] for row in rows], "reason": list(reasons.values())}
    skipped, kept = pd.DataFrame(columns, dtype=object), examples.without(rows)
    _check_skipped(skipped, len(examples), max_skipped_percentage)
    if class_folders:
        labels = examples.tasks[TASK].cells
        _check_folders(kept.tasks[TASK].cells, [labels[row] for row in rows], skipped)
    return kept, skipped


def _check_skipped(skipped: pd.DataFrame, count: int, max_skipped_percentage: float) -> None:
    percentage = 100.0 * len(skipped) / count
    if percentage > max_skipped_percentage:
        path, reason = skipped.iloc[0]
        raise InputError(
            f"{len(skipped)} of {count} images ({percentage:.1f} %) cannot be decoded, such as "
            f"{path!r} ({reason}), and --max_skipped_percentage allows {max_skipped_percentage:g} %: mend or "
            f"remove them, or allow more."
        )


def _check_folders(kept: list[str], lost: list[str], skipped: pd.DataFrame) -> None:
    empty = sorted(set(lost) - set(kept))
    if empty:
        path, reason = skipped.iloc[lost.index(empty[0])]
        raise InputError(
            f"No image of {', '.join(map(repr, empty))} can be decoded, such as {path!r} ({reason}): add "
            f"images, or remove the class."
        )
