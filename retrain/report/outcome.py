"""The outcome of a run: what a model makes of its examples; tables, pages and plots are made from it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrain.data.corrections import Corrections
from retrain.evidence.heat_maps import Evidence
from retrain.examples.labelled import LabelledExamples
from retrain.extensions import named
from retrain.heads.computed_rows import Rows
from retrain.heads.head import Head
from retrain.report import ARTEFACTS
from retrain.runs.run import Run
from retrain.training.evaluation import Figures, figures_by_task

# Of an evaluation: figures over all images, and over those that the classifier has not seen; of the former,
# how many it was trained on, and how many it was chosen by.
SPLIT, UNSEEN = "evaluation", "not_seen_in_training"
TRAINED_ON, CHOSEN_BY = "trained_on", "chosen_by"
# Of each split, how many images are like none that the classifier knows; and figures over all that are.
UNFAMILIAR, FAMILIAR = "unfamiliar", "familiar"


class Outcome(NamedTuple):
    """A model's predictions and figures.

    Attributes:
      examples: what was predicted, with the labels that are known.
      heads: as they predict, by task, the primary one first.
      probabilities: of each task, [N, C], or what its head keeps of those of many classes.
      figures: by split, of those that are told; of all images under CROSS_VALIDATION.
      decisions: what was decided for each task on validation.
      global_step: the step of the weights, where it is known.
      label_issues: a row for each label that can be judged; None where none was.
      corrections: of labels, where some were given.
      familiarity: of each image, [N], where an export tells it; nan of those that it goes by.
      evidence: what makes heat maps of images, where they are to be shown.
      logits: of each task, [N, C], where they are known: what probabilities were before they were calibrated;
        of many classes computed when they are asked for.
    """

    examples: LabelledExamples
    heads: Mapping[str, Head]
    probabilities: Mapping[str, Any]
    figures: Mapping[str, Figures]
    decisions: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    global_step: int | None = None
    label_issues: pd.DataFrame | None = None
    corrections: Corrections | None = None
    familiarity: np.ndarray | None = None
    logits: Mapping[str, Rows] = MappingProxyType({})
    evidence: Evidence | None = None

    @property
    def primary_task(self) -> str:
        return next(iter(self.heads))

    def suffix(self, task: str) -> str:
        """What is added to the name of a figure, or a column, where there are several tasks."""
        return f"/{task}" if len(self.heads) > 1 else ""


def of_one_task(figures: Mapping[str, Any], suffix: str) -> Figures:
    """The figures of the task that `suffix` names, without it in their keys; "" where there is one task."""
    return {key.removesuffix(suffix): value for key, value in figures.items() if key.endswith(suffix)}


def figures_by_split(
    examples: LabelledExamples,
    heads: Mapping[str, Head],
    probabilities: Mapping[str, Any],
    splits: Sequence[str],
    logits: Mapping[str, Rows] = MappingProxyType({}),
) -> dict[str, Figures]:
    """The figures of each of these splits that has examples."""
    figures = {}
    for split in splits:
        rows = np.flatnonzero(examples.table["split"] == split)
        if len(rows):
            labels = {name: task.labels[rows] for name, task in examples.tasks.items()}
            of_split, its_logits = (
                {task: values[rows] for task, values in every.items()} for every in (probabilities, logits)
            )
            weights = examples.task_weights
            figures[split] = figures_by_task(heads, labels, of_split, weights, its_logits)
    return figures


def write_artefacts(outcome: Outcome, run: Run, of_evaluation: bool = False) -> list[str]:
    """Writes what there is to write; returns the names of the files."""
    rows = {name: row for name, row in ARTEFACTS.items() if row.of_evaluation or not of_evaluation}
    with run.timed("tables and this report"):
        for name, row in rows.items():
            named(row.write)(outcome, run.file(name))
    return list(rows)
