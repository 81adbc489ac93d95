"""What report.html shows of one task: figures in words, plots, a table of classes, galleries."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from retrain.heads import EXACT_MATCH, HEADS
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.report.galleries import Gallery, task_galleries
from retrain.report.outcome import SPLIT, UNSEEN, Outcome, of_one_task
from retrain.report.report_plots import confusion_matrix, precision_recall, reliability
from retrain.report.thumbnails import Thumbnails

# What splits are called in a sentence; figures are told of each, in this order, and details of the first of
# which there are some. Images that a classifier has not seen are among those of an evaluation.
OF_SPLIT = {
    "test": "kept for a test",
    SPLIT: "evaluated",
    UNSEEN: "that it was not trained on",
    "validation": "held out for validation",
    CROSS_VALIDATION: "of all, each judged by a head on the frozen module that has not seen it",
}
CONFUSIONS = 12  # pairs that are named
COLUMNS = ("precision", "recall", "f1", "threshold", "average_precision", "auc")  # of the table of classes


class Headline(NamedTuple):
    """Figures of a split: the accuracy in large print, all of them in words, and what they are worth."""

    big: str
    of: str
    words: str
    note: str


class TaskPage(NamedTuple):
    """What there is to see of one task.

    Attributes:
      name: "" where there is one task only.
      headlines: of each split that has figures.
      split: of which the rest is; "" where there is none.
      classes: figures by class, the hardest first; `columns` are those that they have.
      confusions: pairs of classes, (label, predicted, count), the most frequent first.
      plots: title -> SVG.
    """

    name: str
    headlines: Sequence[Headline]
    split: str
    classes: Mapping[str, Mapping[str, Any]]
    columns: Sequence[str]
    confusions: Sequence[tuple[str, str, int]]
    plots: Mapping[str, str]
    galleries: Sequence[Gallery]


def task_page(outcome: Outcome, task: str, thumbnails: Thumbnails) -> TaskPage:
    """Of a task of which there are labels."""
    by_split = _told_once(outcome, task)
    split = next(iter(by_split), "")
    figures = by_split.get(split, {})
    classes = dict(sorted(figures.get("classes", {}).items(), key=lambda item: item[1]["f1"]))
    return TaskPage(
        name=task if len(outcome.heads) > 1 else "",
        headlines=[_headline(outcome, task, name, of) for name, of in by_split.items()],
        split=split,
        classes=classes,
        columns=[name for name in COLUMNS if any(name in of for of in classes.values())],
        confusions=_confusions(figures, outcome.heads[task].class_names),
        plots=_plots(outcome, task, split, figures),
        galleries=task_galleries(outcome, task, split, thumbnails),
    )


def _told_once(outcome: Outcome, task: str) -> dict[str, dict[str, Any]]:
    """Split -> figures; of an evaluation not those that are told of another split, of the same images."""
    found = {split: figures for split in OF_SPLIT if (figures := _figures(outcome, task, split)).get("count")}
    for split in (UNSEEN, SPLIT):
        others = [of for name, of in found.items() if name != split]
        if any(_are_same(found.get(split, {}), of) for of in others):
            found.pop(split, None)
    return found


def _are_same(figures: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    shared = figures.keys() & others.keys()
    return "count" in shared and all(figures[name] == others[name] for name in shared)


def _figures(outcome: Outcome, task: str, split: str) -> dict[str, Any]:
    """Those of one task, without its name in their keys."""
    return of_one_task(outcome.figures.get(split, {}), outcome.suffix(task))


def _headline(outcome: Outcome, task: str, split: str, figures: Mapping[str, Any]) -> Headline:
    (low, high), count = figures["accuracy_interval"], figures["count"]
    is_all_new = split == SPLIT and _are_same(figures, _figures(outcome, task, UNSEEN))
    head = outcome.heads[task]
    meaning = f"{EXACT_MATCH} " if HEADS[head.kind].takes_several else ""
    images, say = (f"{count} images", "say") if count > 1 else ("One image", "says")
    return Headline(
        f"{figures['accuracy']:.1%}",
        f"{images} {OF_SPLIT[split]}" + (f" {OF_SPLIT[UNSEEN]}" if is_all_new else ""),
        head.headline(figures),
        f"{meaning}{images} {say} no more than that: on others like them expect {low:.0%} to {high:.0%}.",
    )


def _confusions(figures: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str, int]]:
    if "confusions" in figures:
        most = sorted(figures["confusions"], key=lambda row: -row[2])
        return [tuple(row) for row in most[:CONFUSIONS]]
    matrix = np.array(figures.get("confusion_matrix", [[0]]))
    np.fill_diagonal(matrix, 0)
    order = np.argsort(-matrix, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(order, matrix.shape), strict=True)
    return [
        (names[label], names[taken], int(matrix[label, taken]))
        for label, taken in pairs
        if matrix[label, taken]
    ]


def _plots(outcome: Outcome, task: str, split: str, figures: Mapping[str, Any]) -> dict[str, str]:
    head, plots = outcome.heads[task], {}
    if "confusion_matrix" in figures:
        plots["What is taken for what"] = confusion_matrix(figures["confusion_matrix"], head.class_names)
    rows = np.flatnonzero(np.asarray(outcome.examples.splits) == split)
    if not len(rows):
        return plots
    labels, probabilities = outcome.examples.tasks[task].labels[rows], outcome.probabilities[task][rows]
    judged = {"as exported": head.certainties(labels, probabilities)}
    if task in outcome.logits and head.temperature != 1.0:
        before = head.replaced(temperature=1.0).probabilities_of(outcome.logits[task][rows])
        judged = {"before calibration": head.certainties(labels, head.kept(labels, before)), **judged}
    plots["Is it right as often as it is sure?"] = reliability(judged)
    found = head.detections(labels, probabilities)
    if found:
        plots["Precision, recall, and the threshold of each class"] = precision_recall(found)
    return plots
