import time

import optuna
import pytest
from optuna.trial import TrialState

from retrain.errors import InputError
from retrain.extensions import named
from retrain.studies import SAMPLERS
from retrain.studies import study as study_module
from retrain.studies.heartbeat import give_back_before
from retrain.studies.study import (
    ask,
    batch_of,
    check_study,
    finished,
    next_trials,
    open_study,
    tell,
    unfinished,
)
from tests.studies.studies import ABOUT, DRAWN, SPACE, told, url


def test_trials_are_asked_for_until_there_are_enough(make_study, tmp_path):
    study = make_study(tmp_path)
    first = ask(study, DRAWN, 4, 6)
    assert [tuple(trial.params.values()) for trial in first] == [(0.0, 8), (0.0, 9), (0.2, 8), (0.2, 9)]
    second = ask(study, DRAWN, 4, 6)
    assert len(second) == 2
    assert ask(study, DRAWN, 4, 6) == []
    assert unfinished(study) == 6
    for trial in first + second:
        told(study, trial)
    assert unfinished(study) == 0
    assert [trial.number for trial in finished(study)] == [0, 1, 2, 3, 4, 5]
    assert next_trials(study, DRAWN, 4, 6) == []


def test_what_was_finished_is_kept_and_more_can_be_asked_for(make_study, tmp_path):
    study = make_study(tmp_path)
    for trial in ask(study, DRAWN, 9, 2):
        told(study, trial, 0.25)
    again = make_study(tmp_path)
    assert [trial.value for trial in finished(again)] == [0.25, 0.25]
    assert ask(again, DRAWN, 9, 2) == []
    assert [trial.number for trial in ask(again, DRAWN, 9, 3)] == [2]


def test_a_batch_is_the_same_after_an_interruption(make_study, tmp_path):
    first = ask(make_study(tmp_path), DRAWN, 4, 6)
    study = make_study(tmp_path)
    told(study, first[1])
    give_back_before(study, time.time())
    asked = ask(study, DRAWN, 4, 6)
    batch = batch_of(study, asked, 4)
    assert [trial.params for trial in batch] == [trial.params for trial in first]
    told(study, batch[0])
    give_back_before(study, time.time())
    again = ask(study, DRAWN, 4, 6)
    assert [trial.params for trial in again] == [trial.params for trial in first[2:]]
    assert [trial.params for trial in batch_of(study, again, 4)] == [trial.params for trial in first]
    assert len(ask(study, DRAWN, 4, 6)) == 2


def test_a_trial_that_another_worker_took_from_those_that_wait_is_no_loss(make_study, tmp_path, monkeypatch):
    study = make_study(tmp_path)
    first = ask(study, DRAWN, 1, 2)
    monkeypatch.setattr(study_module, "_counts", lambda study: (1, 1))  # one waited, a moment ago
    assert [trial.number for trial in ask(study, DRAWN, 9, 2)] == [1]
    assert [tuple(trial.params.values()) for trial in first] == [(0.0, 8)]


def test_a_grid_passes_over_what_another_sampler_has_drawn(tmp_path):
    distinct = []
    for sampler, trials in (("random", 4), ("grid", 6)):
        drawn = named(SAMPLERS[sampler].make)(SPACE, 0)
        with open_study(url(tmp_path), "sweep", "maximize", ABOUT, drawn) as study:
            for trial in ask(study, DRAWN, 9, trials):
                told(study, trial)
            distinct.append(len({tuple(trial.params.values()) for trial in finished(study)}))
    assert distinct == [3, 3 + 2]


def test_a_failed_trial_is_finished_and_a_stopped_one_is_pruned(make_study, tmp_path):
    study = make_study(tmp_path)
    diverged, lagging = ask(study, DRAWN, 2, 2)
    tell(study, diverged, {"value": None, "stopped": None, "reason": "training diverged"})
    tell(study, lagging, {"value": 0.1, "stopped": 50})
    assert [trial.state for trial in finished(study)] == [TrialState.FAIL, TrialState.PRUNED]
    assert finished(study)[1].value == 0.1
    assert ask(study, DRAWN, 2, 2) == []


def test_two_workers_get_different_trials(make_study, tmp_path):
    one, other = make_study(tmp_path), make_study(tmp_path)
    points = [trial.params for _ in range(3) for study in (one, other) for trial in ask(study, DRAWN, 1, 6)]
    assert len({tuple(point.values()) for point in points}) == 6


def test_when_two_ask_for_the_last_trial_one_gets_it(make_study, tmp_path, monkeypatch):
    one, other = make_study(tmp_path), make_study(tmp_path)
    # As each saw it before the other asked.
    monkeypatch.setattr(study_module, "_counts", lambda study: (0, 0))
    assert [trial.number for trial in ask(one, DRAWN, 1, 1)] == [0]
    assert ask(other, DRAWN, 1, 1) == []
    assert unfinished(one) == 1
    assert finished(one) == []


def test_who_was_held_for_dead_is_not_heard(make_study, tmp_path):
    study = make_study(tmp_path)
    trial = ask(study, DRAWN, 1, 1)[0]
    study.tell(trial.number, state=TrialState.FAIL)
    told(study, trial)
    assert finished(study) == []


def test_a_storage_of_another_sweep(make_study, tmp_path):
    make_study(tmp_path)
    other = {**ABOUT, "--max_steps": "100"}
    with pytest.raises(InputError) as raised:
        make_study(tmp_path, other)
    assert str(raised.value) == (
        f"The study 'sweep' in {url(tmp_path)!r} was begun with --max_steps=None, but this sweep has "
        "--max_steps=100: repeat the settings of then, or name another --model_dir, --storage or --study."
    )
    with pytest.raises(InputError) as checked:
        check_study(url(tmp_path), "sweep", other)
    assert str(checked.value) == str(raised.value)


def test_a_check_is_content_with_the_same_sweep_or_another_study(make_study, tmp_path):
    make_study(tmp_path)
    check_study(url(tmp_path), "sweep", ABOUT)
    check_study(url(tmp_path), "another", {**ABOUT, "--max_steps": "100"})


def test_a_check_makes_no_study(tmp_path):
    check_study(url(tmp_path), "sweep", ABOUT)
    storage = optuna.storages.RDBStorage(url(tmp_path))
    assert storage.get_all_studies() == []
    storage.engine.dispose()
