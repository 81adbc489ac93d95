"""Judges every label by heads that have not seen it, trained on the same features as the chosen ones were."""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from absl import logging

from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search.folds import FOLDS, assign_folds, cross_validation, judged_in_folds
from retrain.head_search.task_candidates import TaskCandidates
from retrain.head_search.task_search import alike
from retrain.head_search.train_candidates import tasks_out_of_sample
from retrain.head_search.trained_head import OutOfSample
from retrain.heads.computed_rows import Rows, finite_rows
from retrain.heads.head import Head, Labels
from retrain.settings.head import HeadSettings

SHORTER = 5  # so many times fewer steps than the chosen head took: enough to rank labels, not for a figure
SUFFICE = 10  # examples; fewer cannot be judged by each other
COLUMNS = ["path", "task", "label", "probability", "support", "suggested", "in_doubt"]
TABLE = "label_issues.csv"
PROGRESS = "label check"  # which comes after the search of the heads, and is called otherwise


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
    began, found = time.monotonic(), {}
    candidates = {
        task: dataclasses.replace(candidate, max_steps=-(-candidate.max_steps // shorter))
        for task, candidate in chosen.items()
        if np.count_nonzero(examples.tasks[task].known) >= SUFFICE
    }
    for tasks in alike(examples, candidates):
        found |= dict(_check_alike(examples, {task: candidates[task] for task in tasks}, folds))
    tables = [found[task].issues for task in candidates] or [pd.DataFrame(columns=COLUMNS)]
    issues = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    logging.info("%s (%.1f s)", label_issues_line(issues), time.monotonic() - began)
    labels = {task: found[task].labels[task] for task in candidates}
    return LabelCheck(issues, labels, {task: found[task].probabilities[task] for task in candidates})


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
    task = _in_folds(head, candidate, examples, groups, folds)
    [[predicted]] = tasks_out_of_sample([task])
    return _judged(task, predicted)


def _in_folds(
    head: Head, candidate: HeadSettings, examples: TaskExamples, groups: Sequence[str], folds: int
) -> TaskCandidates:
    fold_of = assign_folds(head.strata(examples.labels), groups, folds, candidate.seed)
    return TaskCandidates(head, [candidate], cross_validation(examples, fold_of))


def _judged(task: TaskCandidates, predicted: OutOfSample) -> tuple[np.ndarray, Rows]:
    labels, logits = task.folds.train.labels, predicted.logits
    judged = judged_in_folds(task.head, labels, task.folds.fold_of) & finite_rows(logits)
    logits = logits[judged]
    return judged, task.head.calibrated(labels[judged], logits).probabilities_of(logits)


def _check_alike(
    examples: LabelledExamples, candidates: Mapping[str, HeadSettings], folds: int
) -> Iterator[tuple[str, LabelCheck]]:
    """The check of each of several tasks that are alike; each of their examples counts the same."""
    known = examples.about(*candidates).labelled(next(iter(candidates)))
    even, tasks = np.ones(len(known), np.float32), []
    for task, candidate in candidates.items():
        head, _, labels, *_ = known.tasks[task]
        of_task = TaskExamples(known.features, labels, even)
        tasks.append(_in_folds(head, candidate, of_task, known.groups, folds))
    found = tasks_out_of_sample(tasks, description=PROGRESS)
    for task, of_task, [predicted] in zip(candidates, tasks, found, strict=True):
        yield task, _check(task, known.about(task), *_judged(of_task, predicted))


def _check(task: str, known: LabelledExamples, judged: np.ndarray, probabilities: Rows) -> LabelCheck:
    head, cells, labels, *_ = known.with_features(None).rows(judged).tasks[task]
    doubts = head.doubts(labels, probabilities)
    written = {"path": np.asarray(known.paths, object)[judged], "label": np.asarray(cells, object)}
    issues = pd.DataFrame({**written, "task": task, **doubts._asdict()})[COLUMNS]
    return LabelCheck(issues, {task: labels}, {task: head.kept(labels, probabilities)})
