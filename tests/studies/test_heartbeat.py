import os
import signal
import subprocess
import sys
import time

import pytest
from optuna.trial import TrialState

from retrain.studies import storage
from retrain.studies import study as study_module
from retrain.studies.heartbeat import as_stored, give_back_before, heartbeat
from retrain.studies.storage import without_warnings
from retrain.studies.study import ask, finished, next_trials
from tests.studies.studies import DRAWN, told

KILLED = """
import sys
sys.path.insert(0, {root!r})
from tests.studies.studies import opened
from tests.studies.test_heartbeat import *
with opened({directory!r}) as study:
    trials = ask(study, DRAWN, 3, 3)
    told(study, trials[0])
    print("asked", flush=True)
    with heartbeat(study, trials):
        time.sleep(60)
"""


@pytest.fixture
def hurried(monkeypatch):
    """A second between heartbeats, and two until a worker is held for dead."""
    monkeypatch.setattr(storage, "HEARTBEAT", 1)
    monkeypatch.setattr(storage, "GRACE", 2)
    monkeypatch.setattr(study_module, "SECONDS_BETWEEN_LOOKS", 0.2)


def test_what_a_killed_worker_ran_is_run_again(make_study, tmp_path, hurried):
    code = KILLED.format(root=os.getcwd(), directory=str(tmp_path))
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout.readline() == "asked\n"
    study = make_study(tmp_path)
    assert ask(study, DRAWN, 3, 3) == []
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    again = next_trials(study, DRAWN, 3, 3)
    assert [tuple(trial.params.values()) for trial in again] == [(0.0, 9), (0.2, 8)]
    for trial in again:
        told(study, trial)
    assert next_trials(study, DRAWN, 3, 3) == []
    assert [tuple(trial.params.values()) for trial in finished(study)] == [(0.0, 8), (0.0, 9), (0.2, 8)]


def test_a_worker_that_was_killed_before_its_first_heartbeat_is_missed_too(make_study, tmp_path, hurried):
    study = make_study(tmp_path)
    with without_warnings():
        study.ask(DRAWN)
    assert [trial.number for trial in next_trials(make_study(tmp_path), DRAWN, 3, 1)] == [1]


def test_a_trial_that_is_run_is_left_alone_while_its_heart_beats(make_study, tmp_path, hurried):
    study = make_study(tmp_path)
    trials = ask(study, DRAWN, 1, 1)
    with heartbeat(study, trials):
        time.sleep(3.5)
        assert ask(make_study(tmp_path), DRAWN, 1, 1) == []
        told(study, trials[0])
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]


def test_what_was_not_told_at_the_end_is_given_back_at_once(make_study, tmp_path):
    study = make_study(tmp_path)
    with pytest.raises(KeyboardInterrupt), heartbeat(study, ask(study, DRAWN, 2, 2)):
        raise KeyboardInterrupt
    again = ask(make_study(tmp_path), DRAWN, 2, 2)
    assert [(trial.number, tuple(trial.params.values())) for trial in again] == [(2, (0.0, 8)), (3, (0.0, 9))]


def test_what_was_begun_when_nobody_else_lives_is_run_again_at_once(make_study, tmp_path):
    ask(make_study(tmp_path), DRAWN, 2, 6)
    study, alone_since = make_study(tmp_path), time.time()
    [of_another] = ask(make_study(tmp_path), DRAWN, 1, 6)
    give_back_before(study, alone_since)
    assert as_stored(study, of_another).state == TrialState.RUNNING
    again = ask(study, DRAWN, 2, 6)
    assert [tuple(trial.params.values()) for trial in again] == [(0.0, 8), (0.0, 9)]


def test_a_trial_whose_worker_died_before_it_had_ended_it_is_ended(make_study, tmp_path):
    stopped, failed, _ = ask(make_study(tmp_path), DRAWN, 3, 3)
    stopped.set_user_attr("result", {"value": 0.25, "stopped": 7})
    failed.set_user_attr("result", {"value": None, "stopped": None})
    study = make_study(tmp_path)
    give_back_before(study, time.time())
    assert [trial.state for trial in finished(study)] == [TrialState.PRUNED, TrialState.FAIL]
    assert finished(study)[0].value == 0.25
    assert [tuple(trial.params.values()) for trial in ask(study, DRAWN, 3, 3)] == [(0.2, 8)]


def test_a_trial_that_was_failed_and_did_not_yet_wait_is_run_again_once(make_study, tmp_path):
    """Who gives it back may be killed in between, or the disk be full."""
    study = make_study(tmp_path)
    lost, told_in_time = ask(study, DRAWN, 2, 2)
    study.tell(lost, state=TrialState.FAIL)
    told(study, told_in_time)
    for _ in range(2):
        give_back_before(study, time.time())
    assert [tuple(trial.params.values()) for trial in ask(study, DRAWN, 2, 2)] == [(0.0, 8)]
    assert ask(study, DRAWN, 2, 2) == []


def test_a_trial_that_was_one_too_many_is_not_run_again(make_study, tmp_path):
    study = make_study(tmp_path)
    [surplus] = ask(study, DRAWN, 1, 1)
    surplus.set_user_attr(storage.SURPLUS, True)
    study.tell(surplus, state=TrialState.FAIL)
    give_back_before(study, time.time())
    assert [trial.state for trial in study.trials] == [TrialState.FAIL]
