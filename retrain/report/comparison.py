"""What correcting labels has changed: the earlier run and this one on the same images, by the same labels."""

from typing import NamedTuple

import pandas as pd
import tensorflow as tf

from retrain.data.folder import count
from retrain.examples.labelled import LabelledExamples
from retrain.heads.head import Head
from retrain.report.outcome import Outcome


def comparison_lines(outcome: Outcome) -> list[str]:
    """A line for each task of which the file of corrections tells what the earlier run predicted."""
    if outcome.corrections is None:
        return []
    examples, earlier = outcome.examples, outcome.corrections.earlier
    rows = {"path": examples.paths, "split": examples.splits, "row": range(len(examples))}
    same = earlier.merge(pd.DataFrame(rows), on=["path", "split"])
    lines = []
    for task, head in outcome.heads.items():
        of_task = same[(same["task"] == task) & _known(head, same["label"]) & _known(head, same["predicted"])]
        held_out = _held_out(examples.labelled(task))
        of_split = of_task[of_task["split"] == held_out.name]
        # A copy with the corrected rows alone tells of the wrongest labels, not of the run.
        if 2 * len(of_split) >= held_out.images > 0:
            lines.append(_line(outcome, task, of_split))
        elif held_out.images and len(of_task):
            lines.append(
                f"Nothing is compared with the earlier run: --corrections has {len(of_split)} of "
                f"{count(held_out.images, f'{held_out.name} image')} of {task!r}; a copy with all rows of "
                "label_issues.csv tells what they have brought."
            )
    return lines


class _HeldOut(NamedTuple):
    """The split that is compared, and how many images it has."""

    name: str
    images: int


def _held_out(examples: LabelledExamples) -> _HeldOut:
    """Test, or validation where nothing was kept for a test."""
    name = "test" if "test" in examples.splits else "validation"
    return _HeldOut(name, examples.splits.count(name))


def _known(head: Head, cells: pd.Series) -> pd.Series:
    return cells.map(lambda cell: all(name in head.class_names for name in head.names_in(cell))).astype(bool)


def _line(outcome: Outcome, task: str, same: pd.DataFrame) -> str:
    """`same`: the rows of the file whose images are in this split now as then, and what `row` they are."""
    head, now = outcome.heads[task], outcome.examples.tasks[task].rows(same["row"].to_numpy())
    predicted = head.targets(tf.constant(head.encode(same["predicted"].tolist()))).numpy()
    before = head.right(head.encode(same["label"].tolist()), predicted).mean()
    corrected = head.right(now.labels, predicted).mean()
    after = head.right(now.labels, outcome.probabilities[task][same["row"].to_numpy()]).mean()
    changed = sum(cell != label for cell, label in zip(now.cells, same["label"], strict=True))
    by_these = (
        f" ({corrected:.1%} with the {count(changed, 'label')} corrected among them)" if changed else ""
    )
    measure = next(iter(head.headlines.values())) + (f" of {task}" if len(outcome.heads) > 1 else "")
    images = count(len(same), f"{same['split'].iloc[0]} image")
    return f"On the same {images}: {measure} {before:.1%} in the earlier run{by_these}, {after:.1%} now."
