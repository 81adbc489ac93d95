"""Judges every label by heads that have not seen it, trained on the same features as the chosen ones were."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.folds import FOLDS, assign_folds, judged_in_folds
from retrain.head_search.train_candidates import out_of_sample
from retrain.heads.computed_rows import Rows, finite_rows
from retrain.heads.head import Head, Labels
from retrain.settings.head import HeadSettings

SHORTER = 5  # so many times fewer steps than the chosen head took: enough to rank labels, not for a figure
SUFFICE = 10  # examples; fewer cannot be judged by each other
COLUMNS = ["path", "task", "label", "probability", "support", "suggested", "in_doubt"]
TABLE = "label_issues.csv"


class LabelCheck(NamedTuple):
    """What heads say of labels that they have not seen.

    Attributes:
      issues: a row for each label that can be judged, columns as in COLUMNS: path, task, the label as it is
        written, and what `Doubts` says of it.
      labels, probabilities: by task, of the same examples: encoded, and what is kept of float32 [N, C].
    """

    issues: pd.DataFrame
    labels: Mapping[str, Labels]
    probabilities: Mapping[str, Any]


def check_labels(
    examples: LabelledExamples,
    chosen: Mapping[str, HeadSettings],
    folds: int = FOLDS,
    shorter: int = SHORTER,
) -> LabelCheck:
    """Judges all labels, by heads like the one chosen for the task, trained `shorter` times fewer steps."""
    began, tables, labels, probabilities = time.monotonic(), [pd.DataFrame(columns=COLUMNS)], {}, {}
    for task, candidate in chosen.items():
        candidate = dataclasses.replace(candidate, max_steps=-(-candidate.max_steps // shorter))
        if np.count_nonzero(examples.tasks[task].known) < SUFFICE:
            continue
        known = examples.about(task).labelled(task)
        judged, predicted = _out_of_sample(task, known, candidate, folds)
        head, labels[task] = known.tasks[task].head, known.tasks[task].labels[judged]
        probabilities[task] = head.kept(labels[task], predicted)
        tables.append(_issues(task, known.rows(judged), predicted))
    issues = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    logging.info("%s (%.1f s)", label_issues_line(issues), time.monotonic() - began)
    return LabelCheck(issues, labels, probabilities)


def label_issues_line(issues: pd.DataFrame) -> str:
    """How many labels are in doubt, and the worst of them."""
    if issues.empty:
        return "Labels: too few to be judged by each other."
    doubted = issues[issues["in_doubt"].astype(bool)]
    if doubted.empty:
        return f"Labels: none of {len(issues)} is in doubt."
    worst = doubted.loc[doubted["support"].idxmin()]
    return (
        f"Labels: {len(doubted)} of {len(issues)} are in doubt, such as that of {worst['path']!r}: "
        f"labelled {worst['label']!r}, rather {worst['suggested']!r}; {TABLE} ranks them."
    )


def out_of_sample_probabilities(
    head: Head, candidate: HeadSettings, examples: TaskExamples, groups: Sequence[str], folds: int = FOLDS
) -> tuple[np.ndarray, Rows]:
    """Which examples can be judged, bool [N], and float32 [M, C] of these, calibrated on all of them.

    Not of a class that no other fold has. Each is from a head that has not seen the example, nor another of
    its group.
    """
    fold_of = assign_folds(head.strata(examples.labels), groups, folds, candidate.seed)
    [predicted] = out_of_sample(head, [candidate], examples, fold_of)
    logits = predicted.logits
    judged = judged_in_folds(head, examples.labels, fold_of) & finite_rows(logits)
    logits = logits[judged]
    return judged, head.calibrated(examples.labels[judged], logits).probabilities_of(logits)


def _out_of_sample(
    task: str, examples: LabelledExamples, candidate: HeadSettings, folds: int
) -> tuple[np.ndarray, Rows]:
    """All examples have a label of the task; each counts the same."""
    head, _, labels, *_ = examples.tasks[task]
    alike = TaskExamples(examples.features, labels, np.ones(len(labels), np.float32))
    return out_of_sample_probabilities(head, candidate, alike, examples.groups, folds)


def _issues(task: str, judged: LabelledExamples, probabilities: Rows) -> pd.DataFrame:
    head, cells, labels, *_ = judged.tasks[task]
    doubts = head.doubts(labels, probabilities)
    written = {"path": np.asarray(judged.paths, object), "label": np.asarray(cells, object)}
    return pd.DataFrame({**written, "task": task, **doubts._asdict()})[COLUMNS]
