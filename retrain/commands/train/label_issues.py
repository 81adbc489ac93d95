"""Judges every label by heads that have not seen it, trained on the same features as the chosen ones were."""

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd
from absl import logging

from retrain.examples.task_examples import TaskExamples
from retrain.features.stored import Features
from retrain.head_search.cross_validation import out_of_sample_probabilities
from retrain.head_search.task_heads import TaskHead
from retrain.report.label_issues import COLUMNS, label_issues_line

SHORTER = 5  # so many times fewer steps than the chosen head took: enough to rank labels
SUFFICE = 10  # examples; fewer cannot be judged by each other


def label_issues(examples: pd.DataFrame, features: Features, trained: Mapping[str, TaskHead]) -> pd.DataFrame:
    """What `write_label_issues` takes: a row for each label that can be judged."""
    began = time.monotonic()
    tables = [
        _of_task(examples, features, task, of_task)
        for task, of_task in trained.items()
        if examples[task].notna().sum() >= SUFFICE
    ]
    issues = (
        pd.concat(tables, ignore_index=True)
        if tables
        else pd.DataFrame(columns=[*COLUMNS, "support", "in_doubt"])
    )
    logging.info("%s (%.1f s)", label_issues_line(issues), time.monotonic() - began)
    return issues


def _of_task(examples: pd.DataFrame, features: Features, task: str, of_task: TaskHead) -> pd.DataFrame:
    head, trial = of_task.head, of_task.found.trial
    labels = head.encode(examples[task])
    at = np.flatnonzero(head.labelled(labels))
    split = TaskExamples(features[at], labels[at], np.ones(len(at), np.float32))
    shorter = trial._replace(steps=-(-trial.steps // SHORTER))
    groups = examples["group"].iloc[at].tolist()
    probabilities = out_of_sample_probabilities(head, shorter, split, groups)
    judged = ~np.isnan(probabilities).any(axis=1)
    at, doubts = at[judged], head.doubts(labels[at[judged]], probabilities[judged])
    columns = {"path": examples["path"].to_numpy()[at], "task": task, "label": examples[task].to_numpy()[at]}
    return pd.DataFrame({**columns, **doubts._asdict()})
