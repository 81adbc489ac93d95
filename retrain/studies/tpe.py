"""Optuna's TPE, which draws where trials were good; it begins with the quasi-random sequence."""

import warnings
from typing import Any

import numpy as np
import optuna

from retrain.studies.sequences import PointSampler, distributions, position, quasirandom_points
from retrain.studies.space import Space

BEGINNING = 16  # trials before TPE has something to go by


def tpe_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """It sees running trials, too."""
    return _TpeSampler(space, seed)


class _TpeSampler(PointSampler):
    """TPE after the beginning of a sequence.

    A point follows from its number and from what is known of other trials: one generator for all of a process
    would give two workers, or one that goes on, the same draws again.
    """

    def __init__(self, space: Space, seed: int):
        super().__init__(quasirandom_points(space, seed), distributions(space))
        self.seed = seed

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: Any) -> dict[str, Any]:
        done = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
        if len(study.get_trials(deepcopy=False, states=done)) < BEGINNING:
            return super().sample_relative(study, trial, search_space)
        return _tpe([self.seed, position(study, trial)]).sample_relative(study, trial, search_space)


def _tpe(seeds: list[int]) -> optuna.samplers.TPESampler:
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Startup trials are the sequence's.
        return optuna.samplers.TPESampler(
            n_startup_trials=0, multivariate=True, constant_liar=True, seed=seed
        )
