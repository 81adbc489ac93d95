"""The winner of a sweep: the run that `train` makes with its flags."""

import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from absl import logging

from retrain.commands.sweep.image_trial import image_trial_run
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared
from retrain.commands.train.run import FEW, train_classifier
from retrain.data.folder import count
from retrain.examples.labelled import heads_of
from retrain.files import read_json, read_text
from retrain.report.summary import training_summary
from retrain.runs.run import EXPORTS, FINISHED, METRICS, NEW, RUN_FLAGS, Run
from retrain.settings.config import to_flags

BEST, BEST_FLAGS = "best", "best.flags"


def train_winner(
    run: Run, plan: TrainPlan, preparing: Callable[[TrainPlan], Prepared]
) -> tuple[str, list[str]]:
    """Trains the winner in RUN/best, unless it is there; its summary, and the directories of its exports.

    The winner that a sweep of fewer trials had is moved to best.1, best.2, ...
    """
    best = Run(run.path / BEST)
    plan = plan._replace(run=best)
    with _one_worker_at_a_time(run):
        if best.state == NEW:  # of one that was killed before it had begun
            shutil.rmtree(best.path, ignore_errors=True)
        elif _flags_text(best) != to_flags(plan.config, "train"):
            best.path.rename(_aside(best.path))
        trial = image_trial_run(run, plan.config)
        if not best.path.exists() and trial.path.is_dir():  # which has been trained already
            trial.path.rename(best.path)
        if best.state != FINISHED:
            logging.info("The winner is trained as train would, in %s.", best)
            train_classifier(plan, preparing(plan))
    heads = heads_of(plan.data.listing, plan.data.kinds)
    exports = [best.export(name) for name in _content(best, EXPORTS)["written"]]
    figures = _figures(best)
    return training_summary(figures, heads, best, exports, _notes(plan, figures)), exports


def _notes(plan: TrainPlan, figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is to be said where the trials were judged by few images, and could be by more."""
    counts = [value for key, value in figures.get("validation", {}).items() if key.split("/")[0] == "count"]
    if plan.config.sweep.folds is not None or plan.config.trains_on_images or min(counts, default=FEW) >= FEW:
        return []
    return [
        f"The trials were judged by {count(min(counts), 'validation image')}: with --folds=5 it would be all "
        "images but those of test."
    ]


def _flags_text(run: Run) -> str:
    flags = run.path / RUN_FLAGS
    return read_text(flags) if flags.is_file() else ""


def _content(run: Run, name: str) -> dict[str, Any]:
    return read_json(run.path / name)


def _figures(run: Run) -> Mapping[str, Mapping[str, Any]]:
    return {split: figures for split, figures in _content(run, METRICS).items() if isinstance(figures, dict)}


def _aside(best: pathlib.Path) -> pathlib.Path:
    names = (best.with_name(f"{BEST}.{count}") for count in itertools.count(1))
    return next(name for name in names if not name.exists())


@contextlib.contextmanager
def _one_worker_at_a_time(run: Run) -> Iterator[None]:
    """Workers of one directory wait for each other here; the system lets go of what a dead one held."""
    with open(os.path.join(run.path, ".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
