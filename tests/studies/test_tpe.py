import numpy as np
import optuna

from retrain.studies.sequences import distributions, quasirandom_points
from retrain.studies.space import parse_space
from retrain.studies.tpe import BEGINNING, tpe_sampler

SPACE = parse_space(["learning_rate=1e-4..1e-1", "dropout_rate=0,0.2,0.5", "batch_size=8..15"])


def distance(trial: optuna.trial.Trial) -> float:
    return abs(np.log10(trial.params["learning_rate"]) + 2)


def test_tpe_begins_with_the_sequence_and_goes_where_trials_were_good():
    study = optuna.create_study(sampler=tpe_sampler(SPACE, 0))
    points = []
    for _ in range(40):
        trial = study.ask(distributions(SPACE))
        points.append(trial.params)
        study.tell(trial, distance(trial))
    sequence = quasirandom_points(SPACE, 0)
    assert points[:BEGINNING] == [sequence(index) for index in range(BEGINNING)]
    assert points[BEGINNING] != sequence(BEGINNING)
    late = [distance(study.ask(distributions(SPACE))) for _ in range(10)]
    assert np.mean(late) < 0.6  # 0.83 by chance


def test_a_trial_that_was_stopped_tells_something_too():
    study = optuna.create_study(sampler=tpe_sampler(SPACE, 0))
    for _ in range(BEGINNING):
        trial = study.ask(distributions(SPACE))
        trial.report(distance(trial), 5)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    assert study.ask(distributions(SPACE)).params != quasirandom_points(SPACE, 0)(BEGINNING)
