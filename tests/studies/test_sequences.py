import collections

import numpy as np
import optuna

from retrain.studies.sequences import (
    distributions,
    grid_points,
    grid_sampler,
    position,
    quasirandom_points,
    random_points,
)
from retrain.studies.space import parse_space

SPACE = parse_space(["learning_rate=1e-4..1e-1", "dropout_rate=0,0.2,0.5", "batch_size=8..15"])
GRID = parse_space(["dropout_rate=0,0.2,0.5", "batch_size=8..9"])


def test_a_grid_is_gone_through_once():
    points = grid_points(GRID)
    assert [tuple(points(index).values()) for index in range(7)] == [
        *((0.0, 8), (0.0, 9), (0.2, 8), (0.2, 9), (0.5, 8), (0.5, 9)),
        (0.0, 8),
    ]


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
    study = optuna.create_study(sampler=grid_sampler(GRID, 0))
    trials = [study.ask(distributions(GRID)) for _ in range(3)]
    study.tell(trials[1], state=optuna.trial.TrialState.FAIL)
    repeated = optuna.create_trial(state=optuna.trial.TrialState.WAITING, system_attrs={"failed_trial": 1})
    study.add_trial(repeated)
    again, new = (study.ask(distributions(GRID)) for _ in range(2))
    frozen = {trial.number: trial for trial in study.get_trials()}
    assert [position(study, frozen[number]) for number in (0, 1, 2, 3, 4)] == [0, 1, 2, 1, 3]
    assert again.params == trials[1].params
    assert tuple(new.params.values()) == (0.2, 9)
