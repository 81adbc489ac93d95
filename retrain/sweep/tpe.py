"""Optuna's TPE, which draws where trials were good; it begins with the quasi-random sequence."""

import warnings
from typing import Any

import optuna

from retrain.sweep.sequences import PointSampler, distributions, quasirandom_points
from retrain.sweep.space import Space

BEGINNING = 16  # trials before TPE has something to go by


def tpe_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """It sees running trials, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Startup trials are the sequence's.
        tpe = optuna.samplers.TPESampler(n_startup_trials=0, multivariate=True, constant_liar=True, seed=seed)
    return _TpeSampler(PointSampler(quasirandom_points(space, seed), distributions(space)), tpe)


class _TpeSampler(PointSampler):
    """TPE after the beginning of a sequence."""

    def __init__(self, beginning: PointSampler, tpe: optuna.samplers.TPESampler):
        super().__init__(beginning.point, beginning.space)
        self.tpe = tpe

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: Any) -> dict[str, Any]:
        done = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
        if len(study.get_trials(deepcopy=False, states=done)) < BEGINNING:
            return super().sample_relative(study, trial, search_space)
        return self.tpe.sample_relative(study, trial, search_space)
