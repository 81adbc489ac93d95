"""Runs side by side: the flags that differ, their figures, and who is right on the images that all share.

An image is known by its content where all runs noted that, else by its path. Those are compared that no run
was trained on: of one split, the same in all, and with the same label. Without TensorFlow.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrain.data.listing import NOT_KNOWN, SEPARATOR
from retrain.errors import InputError
from retrain.examples.split_file import CONTENT, EXAMPLES
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.heads.metrics import wilson_interval
from retrain.heads.paired_difference import PairedDifference, paired_difference
from retrain.runs.finished_runs import PREDICTIONS
from retrain.runs.run import METRICS, RUN_FLAGS, TIMES, Run, flag_lines

HELD_OUT = ("test", "evaluation", "validation")  # the first that has images which all runs share is compared
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "average_loss", "expected_calibration_error")
NOT_GIVEN = "not given"


class ReadRun(NamedTuple):
    """What a run left.

    Attributes:
      flags: name -> text.
      figures: by split.
      images: a row an image, known by `content` or path: split, and of each task TASK and predicted/TASK.
      tasks: those of which there are labels.
      seconds: all that it took, where that was noted.
    """

    name: str
    flags: Mapping[str, str]
    figures: Mapping[str, Any]
    images: pd.DataFrame
    tasks: Sequence[str]
    seconds: float | None


class OnShared(NamedTuple):
    """One run on the images that all share: accuracy, its 95 % interval, and against the first run."""

    run: str
    accuracy: float
    interval: tuple[float, float]
    against: PairedDifference | None


class TaskComparison(NamedTuple):
    """One task, of one split.

    Attributes:
      count: how many images are shared.
      relabelled: how many would be, if their label were not another one in some run.
      runs: each on the shared images.
      figures: of each run on its own images.
      cross_validated: of each run over all images, where these are the same in all and all have figures.
    """

    task: str
    split: str
    count: int
    relabelled: int
    runs: Sequence[OnShared]
    figures: Mapping[str, Mapping[str, float]]
    cross_validated: Mapping[str, Mapping[str, float]]


def read_run(run: Run) -> ReadRun:
    """InputError for a run whose files are not what train or evaluate write."""
    try:
        text = pd.read_csv(run.file(PREDICTIONS), dtype=str, keep_default_na=False)
        tasks = _tasks(list(text))
        images = text.rename(columns={"predicted": f"predicted/{tasks[0]}"}) if tasks else text
        return ReadRun(
            name=str(run),
            flags=flag_lines(pathlib.Path(run.file(RUN_FLAGS)).read_text("utf-8")),
            figures=json.loads(pathlib.Path(run.file(METRICS)).read_text("utf-8")),
            images=images.assign(content=_contents(run, images["path"])),
            tasks=tasks,
            seconds=_seconds(run),
        )
    except (OSError, ValueError, LookupError) as error:
        raise InputError(
            f"The run {str(run)!r} was expected to hold {PREDICTIONS} and {METRICS} as retrain writes them, "
            f"but cannot be read ({error}): leave it out."
        ) from error


def different_flags(runs: Sequence[ReadRun]) -> dict[str, list[str]]:
    """Name -> the text of each run, of the flags that are not the same in all."""
    names = dict.fromkeys(name for run in runs for name in run.flags)
    values = {name: [run.flags.get(name, NOT_GIVEN) for run in runs] for name in names}
    return {name: of for name, of in values.items() if len(set(of)) > 1}


def compared(runs: Sequence[ReadRun]) -> list[TaskComparison]:
    """Of each task that all runs have; InputError where there is none."""
    tasks = [task for task in runs[0].tasks if all(task in run.tasks for run in runs)]
    if not tasks:
        told = "; ".join(f"{run.name!r} has {', '.join(map(repr, run.tasks)) or 'none'}" for run in runs)
        raise InputError(f"The runs were expected to share a task, but {told}: compare others.")
    by_content = all((run.images["content"] != "").all() for run in runs)
    key = "content" if by_content else "path"
    images = [run.images.drop_duplicates(key).set_index(key) for run in runs]
    return [_compared(task, runs, images) for task in tasks]


def _compared(task: str, runs: Sequence[ReadRun], images: Sequence[pd.DataFrame]) -> TaskComparison:
    for split in HELD_OUT:
        shared, relabelled = _shared(task, split, images)
        if len(shared):
            break
    right = [_right(of.loc[shared, task], of.loc[shared, f"predicted/{task}"]) for of in images]
    rows = [
        _on_shared(run.name, of, None if number == 0 else right[0])
        for number, (run, of) in enumerate(zip(runs, right, strict=True))
        if len(shared)
    ]
    return TaskComparison(
        task=task,
        split=split,
        count=len(shared),
        relabelled=relabelled,
        runs=rows,
        figures={run.name: _own_figures(run, task, split) for run in runs},
        cross_validated=_cross_validated(task, runs, images),
    )


def _shared(task: str, split: str, images: Sequence[pd.DataFrame]) -> tuple[pd.Index, int]:
    """The keys of images that have this split and one label in all runs, and how many have several labels."""
    labels = [of.loc[of["split"] == split, task] for of in images]
    together = pd.concat(labels, axis="columns", join="inner", keys=range(len(labels)))
    is_same = together.nunique(axis="columns") == 1
    return together.index[is_same & (together[0] != "")], int((~is_same).sum())


def _cross_validated(
    task: str, runs: Sequence[ReadRun], images: Sequence[pd.DataFrame]
) -> dict[str, dict[str, float]]:
    figures = {run.name: _own_figures(run, task, CROSS_VALIDATION) for run in runs}
    is_same = all(set(of.index) == set(images[0].index) for of in images)
    return figures if is_same and all(figures.values()) else {}


def _on_shared(run: str, right: np.ndarray, first: np.ndarray | None) -> OnShared:
    low, high = wilson_interval(int(right.sum()), len(right))
    against = None if first is None else paired_difference(first, right)
    return OnShared(run, float(right.mean()), (low, high), against)


def _right(labels: pd.Series, predicted: pd.Series) -> np.ndarray:
    """In all classes, as accuracy counts it, but those of which a label says that they are not known."""
    return np.array([_agree(*cells) for cells in zip(labels, predicted, strict=True)], bool)


def _agree(label: str, predicted: str) -> bool:
    if label == predicted:
        return True
    names = set(label.split(SEPARATOR))
    unknown = {name.removeprefix(NOT_KNOWN) for name in names if name.startswith(NOT_KNOWN)}
    there = {name for name in names if not name.startswith(NOT_KNOWN)} - {""}
    return there == set(predicted.split(SEPARATOR)) - unknown - {""}


def _own_figures(run: ReadRun, task: str, split: str) -> dict[str, float]:
    """On all images of the split that the run has, or cross-validated."""
    of_split = run.figures.get(split, {})
    suffix = f"/{task}" if len(run.tasks) > 1 or f"accuracy/{task}" in of_split else ""
    return {name: of_split[name + suffix] for name in FIGURES if name + suffix in of_split}


def _tasks(columns: Sequence[str]) -> list[str]:
    """Those with labels: the column before `predicted`, or each that has its own `predicted/TASK`."""
    if "predicted" in columns:
        before = columns[: columns.index("predicted")]
        return [name for name in before if name not in ("path", "split")][-1:]
    return [name for name in columns if f"predicted/{name}" in columns]


def _contents(run: Run, paths: pd.Series) -> pd.Series:
    """The content hash of each image, "" where the run did not note it."""
    try:
        noted = pd.read_csv(run.file(EXAMPLES), dtype=str, keep_default_na=False)
    except FileNotFoundError:
        return pd.Series("", paths.index)
    return paths.map(dict(zip(noted["path"], noted[CONTENT], strict=True))).fillna("")


def _seconds(run: Run) -> float | None:
    path = pathlib.Path(run.file(TIMES))
    return sum(json.loads(path.read_text("utf-8")).values()) if path.is_file() else None
