"""Samplers that give the n-th trial the n-th point of a sequence: grid, random, quasi-random.

Optuna's own draw the same points again in a second process, or in one that goes on after a kill. Here the
number of a trial decides its point, whoever asks: workers share a sequence without a word between them.
"""

import bisect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import optuna
from scipy.stats import qmc

from retrain.studies.ranges import Choices, Range
from retrain.studies.space import Space, combinations, grid_axes

REPEATS = "failed_trial"  # as Optuna calls the number of the trial that is repeated

Point = Mapping[str, Any]


def distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    """The space as Optuna stores it."""
    return {name: _distribution(varied) for name, varied in space.items()}


def position(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> int:
    """Which of the trials it is, from 0; one that repeats a dead worker's is the same as that."""
    return positions(study, [trial])[0]


def positions(study: optuna.Study, trials: Iterable[optuna.trial.FrozenTrial]) -> list[int]:
    """The position of each."""
    firsts = sorted(other.number for other in study.get_trials(deepcopy=False) if not is_repeated(other))
    return [bisect.bisect_left(firsts, trial.system_attrs.get(REPEATS, trial.number)) for trial in trials]


def is_repeated(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether the trial was given out before, to a worker that died."""
    return REPEATS in trial.system_attrs


def grid_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """All combinations, each once."""
    return _GridSampler(grid_points(space), distributions(space), combinations(space))


def random_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """Independent draws."""
    return PointSampler(random_points(space, seed), distributions(space))


def quasirandom_sampler(space: Space, seed: int) -> optuna.samplers.BaseSampler:
    """A sequence any stretch of which fills the space evenly."""
    return PointSampler(quasirandom_points(space, seed), distributions(space))


def grid_points(space: Space) -> Callable[[int], Point]:
    """All combinations, the last flag's values first; over and over again."""
    axes = grid_axes(space)
    shape = [len(values) for values in axes.values()]

    def point(index: int) -> Point:
        places = np.unravel_index(index % math.prod(shape), shape)
        chosen = zip(axes.items(), places, strict=True)
        return {name: space[name].stored(values[place]) for (name, values), place in chosen}

    return point


def random_points(space: Space, seed: int) -> Callable[[int], Point]:
    """Independent draws."""
    return lambda index: _point(space, np.random.default_rng([seed, index]).random(len(space)))


def quasirandom_points(space: Space, seed: int) -> Callable[[int], Point]:
    """The Sobol sequence, scrambled (Owen 1998)."""
    engine = qmc.Sobol(len(space), rng=seed)

    def point(index: int) -> Point:
        engine.reset()
        if index:
            engine.fast_forward(index)
        return _point(space, engine.random()[0])

    return point


class PointSampler(optuna.samplers.BaseSampler):
    """Gives the n-th trial the n-th point."""

    def __init__(self, point: Callable[[int], Point], space: Mapping[str, Any]):
        self.point, self.space = point, space

    def infer_relative_search_space(self, study: optuna.Study, trial: Any) -> dict[str, Any]:
        return dict(self.space)

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: Any) -> dict[str, Any]:
        return dict(self.point(position(study, trial)))

    def sample_independent(self, study: optuna.Study, trial: Any, name: str, distribution: Any) -> Any:
        raise AssertionError(f"{name} is part of the space that sample_relative has drawn from.")


class _GridSampler(PointSampler):
    """A combination that another trial has had, of another sampler, is passed over."""

    def __init__(self, point: Callable[[int], Point], space: Mapping[str, Any], size: int):
        super().__init__(point, space)
        self.size = size

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: Any) -> dict[str, Any]:
        if is_repeated(trial):
            return super().sample_relative(study, trial, search_space)
        had = [other.params for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        place = position(study, trial)
        points = (dict(self.point(index)) for index in range(place, place + self.size))
        return next((point for point in points if point not in had), dict(self.point(place)))


def _point(space: Space, shares: np.ndarray) -> Point:
    shared = zip(space.items(), shares, strict=True)
    return {name: varied.stored(varied.at(float(share))) for (name, varied), share in shared}


def _distribution(varied: Range | Choices) -> optuna.distributions.BaseDistribution:
    if isinstance(varied, Choices):
        return optuna.distributions.CategoricalDistribution([varied.stored(value) for value in varied.values])
    if isinstance(varied.low, int):
        return optuna.distributions.IntDistribution(varied.low, varied.high, log=varied.log)
    return optuna.distributions.FloatDistribution(varied.low, varied.high, log=varied.log)
