import collections

import numpy as np
import optuna
import pytest

from retrain.extensions import named
from retrain.sweep import SAMPLERS
from retrain.sweep.sequences import (
    distributions,
    grid_points,
    position,
    quasirandom_points,
    random_points,
)
from retrain.sweep.space import parse_space

SPACE = parse_space(["learning_rate=1e-4..1e-1", "dropout_rate=0,0.2,0.5", "batch_size=8..15"])
GRID = parse_space(["dropout_rate=0,0.2,0.5", "batch_size=8..9"])


def make_sampler(name: str, space, seed: int) -> optuna.samplers.BaseSampler:
    return named(SAMPLERS[name].make)(space, seed)


def asked(study: optuna.Study, count: int, space=SPACE) -> list[dict]:
    return [study.ask(distributions(space)).params for _ in range(count)]


def make_study(name: str, space=SPACE, seed: int = 0) -> optuna.Study:
    return optuna.create_study(sampler=make_sampler(name, space, seed))


def test_a_grid_is_gone_through_once():
    points = grid_points(GRID)
    assert [tuple(points(index).values()) for index in range(7)] == [
        *((0.0, 8), (0.0, 9), (0.2, 8), (0.2, 9), (0.5, 8), (0.5, 9)),
        (0.0, 8),
    ]


@pytest.mark.parametrize("name", ["random", "quasirandom", "tpe"])
def test_the_same_seed_draws_the_same(name):
    assert asked(make_study(name), 5) == asked(make_study(name), 5)
    assert asked(make_study(name), 5) != asked(make_study(name, seed=1), 5)


@pytest.mark.parametrize("name", ["random", "quasirandom"])
def test_a_point_follows_from_its_number_whoever_asks(name):
    alone = asked(make_study(name), 8)
    study, other = make_study(name), make_sampler(name, SPACE, 0)
    together = []
    for index in range(8):
        if index % 3 == 2:
            study.sampler, other = other, study.sampler
        together += asked(study, 1)
    assert together == alone


def test_quasirandom_points_fill_every_part_of_the_space():
    points = [quasirandom_points(SPACE, 3)(index) for index in range(64)]
    exponents = np.log10([point["learning_rate"] for point in points])
    assert np.histogram(exponents, 8, (-4, -1))[0].tolist() == [8] * 8
    assert set(collections.Counter(point["batch_size"] for point in points).values()) <= {4, 5, 8, 9, 10}
    rates = collections.Counter(point["dropout_rate"] for point in points)
    assert min(rates.values()) >= 20


def test_random_points_differ():
    assert len({tuple(random_points(SPACE, 0)(index).values()) for index in range(50)}) == 50


def test_a_repeated_trial_is_where_the_first_was():
    study = make_study("grid", GRID)
    trials = [study.ask(distributions(GRID)) for _ in range(3)]
    study.tell(trials[1], state=optuna.trial.TrialState.FAIL)
    repeated = optuna.create_trial(state=optuna.trial.TrialState.WAITING, system_attrs={"failed_trial": 1})
    study.add_trial(repeated)
    again, new = (study.ask(distributions(GRID)) for _ in range(2))
    frozen = {trial.number: trial for trial in study.get_trials()}
    assert [position(study, frozen[number]) for number in (0, 1, 2, 3, 4)] == [0, 1, 2, 1, 3]
    assert again.params == trials[1].params
    assert tuple(new.params.values()) == (0.2, 9)


def test_tpe_goes_where_trials_were_good():
    study = make_study("tpe")
    for _ in range(40):
        trial = study.ask(distributions(SPACE))
        study.tell(trial, abs(np.log10(trial.params["learning_rate"]) + 2))
    late = [abs(np.log10(params["learning_rate"]) + 2) for params in asked(study, 10)]
    assert np.mean(late) < 0.6  # 0.83 by chance
