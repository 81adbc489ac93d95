"""Optuna's TPE, which draws where trials were good; it begins with the quasi-random sequence.

A point follows from its position and from the trials of earlier batches: one generator for all of a process
would give two workers, or one that goes on, the same draws again, and a sweep that was killed while a batch
was drawn, or told, would know other trials than one that was not.
"""

import warnings
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from retrain.studies import SAMPLERS
from retrain.studies.sequences import PointSampler, distributions, position, positions, quasirandom_points
from retrain.studies.space import Space

BATCH = SAMPLERS["tpe"].at_once
BEGINNING = BATCH  # trials before TPE has something to go by


def tpe_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """It sees running trials, too."""
    return _TpeSampler(space, seed)


class _TpeSampler(PointSampler):
    """TPE after the beginning of a sequence."""

    def __init__(self, space: Space, seed: int):
        super().__init__(quasirandom_points(space, seed), distributions(space))
        self.seed = seed

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: Any) -> dict[str, Any]:
        place = position(study, trial)
        before = _trials_before(study, place)
        if sum(other.state != TrialState.RUNNING for other in before) < BEGINNING:
            return super().sample_relative(study, trial, search_space)
        known = optuna.create_study(direction=study.direction, sampler=_tpe([self.seed, place]))
        known.add_trials(before)
        return known.ask(search_space).params


def _trials_before(study: optuna.Study, place: int) -> list[FrozenTrial]:
    """By position: of earlier batches what was told, all others as if they ran."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False, states=states)
    by_place = dict(sorted(zip(positions(study, trials), trials, strict=True), key=lambda item: item[0]))
    told = place // BATCH * BATCH
    return [
        trial if at < told else _running(trial)
        for at, trial in by_place.items()
        if at < place and trial.params
    ]


def _running(trial: FrozenTrial) -> FrozenTrial:
    return optuna.trial.create_trial(
        state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions
    )


def _tpe(seeds: list[int]) -> optuna.samplers.TPESampler:
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Startup trials are the sequence's.
        return optuna.samplers.TPESampler(
            n_startup_trials=0, multivariate=True, constant_liar=True, seed=seed
        )
