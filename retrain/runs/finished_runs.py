"""The runs that a path names: one that has ended, a sweep, which stands for its winner, a folder of such."""

import os
import pathlib
from collections.abc import Iterator, Sequence

from retrain.errors import InputError
from retrain.runs.run import METRICS, RUN_FLAGS, SWEEP_FLAGS, Run

WINNER, PREDICTIONS = "best", "predictions.csv"


def finished_runs(paths: Sequence[str]) -> list[Run]:
    """Runs of train and evaluate, each once; InputError for a path where there is none."""
    found: dict[str, Run] = {}
    for path in map(os.path.expanduser, paths):
        runs = [*_runs(pathlib.Path(path))]
        if not runs:
            what = "holds no run that has ended" if os.path.isdir(path) else "is no directory"
            raise InputError(f"{path!r} {what}: name directories of runs, or a folder of them.")
        found |= {os.path.realpath(run.path): run for run in runs}
    return [*found.values()]


def _runs(path: pathlib.Path) -> Iterator[Run]:
    if (path / SWEEP_FLAGS).is_file():
        path = path / WINNER
    if _has_ended(path):
        yield Run(path)
    elif path.is_dir():
        for below in sorted(path.iterdir()):
            winner = below / WINNER
            if _has_ended(below):
                yield Run(below)
            elif (below / SWEEP_FLAGS).is_file() and _has_ended(winner):
                yield Run(winner)


def _has_ended(path: pathlib.Path) -> bool:
    return all((path / name).is_file() for name in (METRICS, PREDICTIONS, RUN_FLAGS))
