"""A study of a small grid, in an SQLite file of a directory, for the tests of studies and their workers."""

import contextlib

import optuna

from retrain.studies.sequences import distributions, grid_sampler
from retrain.studies.space import parse_space
from retrain.studies.study import open_study, tell

SPACE = parse_space(["dropout_rate=0,0.2,0.5", "batch_size=8..9"])
DRAWN = distributions(SPACE)
ABOUT = {"objective": "validation/accuracy", "--max_steps": "None"}


def url(directory) -> str:
    return f"sqlite:///{directory}/study.db"


def opened(directory, about=ABOUT) -> contextlib.AbstractContextManager[optuna.Study]:
    return open_study(url(directory), "sweep", "maximize", about, grid_sampler(SPACE, 0))


def told(study: optuna.Study, trial: optuna.trial.Trial, value: float | None = 0.5) -> None:
    tell(study, trial, {"value": value, "stopped": None})
