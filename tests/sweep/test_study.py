import contextlib
import os
import signal
import subprocess
import sys
import time

import optuna
import pytest
from optuna.trial import TrialState

from retrain.errors import InputError
from retrain.sweep import study as study_module
from retrain.sweep.sampler import distributions, make_sampler
from retrain.sweep.space import parse_space
from retrain.sweep.study import ask, finished, heartbeat, next_trials, open_study, tell, unfinished

SPACE = parse_space(["dropout_rate=0,0.2,0.5", "batch_size=8..9"])
DRAWN = distributions(SPACE)
ABOUT = {"objective": "validation/accuracy", "--max_steps": "None"}


def url(directory) -> str:
    return f"sqlite:///{directory}/study.db"


STUDIES = contextlib.ExitStack()


@pytest.fixture(autouse=True)
def closed():
    """Closes the studies that a test opens."""
    with STUDIES:
        yield


def make_study(directory, about=ABOUT) -> optuna.Study:
    opened = open_study(url(directory), "sweep", "maximize", about, make_sampler("grid", SPACE, 0))
    return STUDIES.enter_context(opened)


def told(study: optuna.Study, trial: optuna.trial.Trial, value: float | None = 0.5) -> None:
    tell(study, trial, value, {"value": value}, None)


def test_trials_are_asked_for_until_there_are_enough(tmp_path):
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


def test_what_was_finished_is_kept_and_more_can_be_asked_for(tmp_path):
    study = make_study(tmp_path)
    for trial in ask(study, DRAWN, 9, 2):
        told(study, trial, 0.25)
    again = make_study(tmp_path)
    assert [trial.value for trial in finished(again)] == [0.25, 0.25]
    assert ask(again, DRAWN, 9, 2) == []
    assert [trial.number for trial in ask(again, DRAWN, 9, 3)] == [2]


def test_a_failed_trial_is_finished_and_a_stopped_one_is_pruned(tmp_path):
    study = make_study(tmp_path)
    diverged, lagging = ask(study, DRAWN, 2, 2)
    tell(study, diverged, None, {"reason": "training diverged"}, None)
    tell(study, lagging, 0.1, {}, 50)
    assert [trial.state for trial in finished(study)] == [TrialState.FAIL, TrialState.PRUNED]
    assert finished(study)[1].value == 0.1
    assert ask(study, DRAWN, 2, 2) == []


def test_two_workers_get_different_trials(tmp_path):
    one, other = make_study(tmp_path), make_study(tmp_path)
    points = [trial.params for _ in range(3) for study in (one, other) for trial in ask(study, DRAWN, 1, 6)]
    assert len({tuple(point.values()) for point in points}) == 6


def test_when_two_ask_for_the_last_trial_one_gets_it(tmp_path, monkeypatch):
    one, other = make_study(tmp_path), make_study(tmp_path)
    monkeypatch.setattr(
        study_module, "_left", lambda study, trials: True
    )  # as each saw it before the other asked
    assert [trial.number for trial in ask(one, DRAWN, 1, 1)] == [0]
    assert ask(other, DRAWN, 1, 1) == []
    assert unfinished(one) == 1
    assert finished(one) == []


KILLED = """
import sys
sys.path.insert(0, {root!r})
from tests.sweep.test_study import *
study = make_study({directory!r})
trials = ask(study, DRAWN, 3, 3)
told(study, trials[0])
print("asked", flush=True)
with heartbeat(study, trials):
    time.sleep(60)
"""


@pytest.fixture
def hurried(monkeypatch):
    """A second between heartbeats, and two until a worker is held for dead."""
    monkeypatch.setattr(study_module, "HEARTBEAT", 1)
    monkeypatch.setattr(study_module, "GRACE", 2)
    monkeypatch.setattr(study_module, "SECONDS_BETWEEN_LOOKS", 0.2)


def test_what_a_killed_worker_ran_is_run_again(tmp_path, hurried):
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


def test_a_worker_that_was_killed_before_its_first_heartbeat_is_missed_too(tmp_path, hurried):
    study = make_study(tmp_path)
    with study_module._quietly():
        study.ask(DRAWN)
    assert [trial.number for trial in next_trials(make_study(tmp_path), DRAWN, 3, 1)] == [1]


def test_a_trial_that_is_run_is_left_alone_and_lives_as_long_as_its_heart_beats(tmp_path, hurried):
    study = make_study(tmp_path)
    trials = ask(study, DRAWN, 1, 1)
    with heartbeat(study, trials):
        time.sleep(3.5)
        assert ask(make_study(tmp_path), DRAWN, 1, 1) == []
        told(study, trials[0])
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]


def test_what_was_not_told_at_the_end_is_given_back_at_once(tmp_path):
    study = make_study(tmp_path)
    with pytest.raises(KeyboardInterrupt), heartbeat(study, ask(study, DRAWN, 2, 2)):
        raise KeyboardInterrupt
    again = ask(make_study(tmp_path), DRAWN, 2, 2)
    assert [(trial.number, tuple(trial.params.values())) for trial in again] == [(2, (0.0, 8)), (3, (0.0, 9))]


def test_who_was_held_for_dead_is_not_heard(tmp_path):
    study = make_study(tmp_path)
    trial = ask(study, DRAWN, 1, 1)[0]
    study.tell(trial.number, state=TrialState.FAIL)
    told(study, trial)
    assert finished(study) == []


def test_a_storage_of_another_sweep(tmp_path):
    make_study(tmp_path)
    with pytest.raises(InputError) as raised:
        make_study(tmp_path, {**ABOUT, "--max_steps": "100"})
    assert str(raised.value) == (
        f"The study 'sweep' in {url(tmp_path)!r} was begun with --max_steps=None, but this sweep has "
        "--max_steps=100: repeat the flags of then, or name another --model_dir, --storage or --study."
    )


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        ("sqlite:////nowhere/study.db", "unable to open database file"),
        ("study.db", "Could not parse SQLAlchemy URL from given URL string"),
        ("nosql://host/name", "Can't load plugin: sqlalchemy.dialects:nosql"),
        ("postgresql://me:secret@localhost:1/name", "No module named 'psycopg"),
    ],
)
def test_a_storage_that_cannot_be_reached(storage, reason):
    with pytest.raises(InputError) as raised:
        with open_study(storage, "sweep", "maximize", ABOUT, make_sampler("random", SPACE, 0)):
            pass
    text = str(raised.value)
    assert text.startswith(f"The storage {storage.replace('secret', '***')!r} cannot be used ({reason}")
    assert text.endswith(
        "): name a database that can be reached, such as sqlite:////path/study.db or "
        "postgresql://user@host/name, or leave out --storage."
    )
    assert "secret" not in text


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "study.db").write_text("photos\n" * 500)
    with pytest.raises(InputError) as raised:
        make_study(tmp_path)
    assert f"The storage {url(tmp_path)!r} cannot be used (file is not a database): " in str(raised.value)
