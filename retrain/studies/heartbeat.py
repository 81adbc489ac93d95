"""How the workers of a study know of each other: a trial that runs has a heartbeat, and who is dead has none.

Optuna records heartbeats in its own loop `optimize`, which runs one trial at a time. Trials are asked for and
told by the dozen here, so what that loop does with `Study._storage` and `_trial_id`, which have no public
names, is done in this file (optuna/study/_optimize.py and optuna/storages/_heartbeat.py, 5.0).
"""

import contextlib
import datetime
import threading
from collections.abc import Iterator, Sequence

import optuna
from absl import logging
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState

from retrain.studies.storage import MOST_REPEATS, RESULT, SURPLUS, without_warnings


@contextlib.contextmanager
def heartbeat(study: optuna.Study, trials: Sequence[Trial]) -> Iterator[None]:
    """Tells the other workers that these trials are being run; what was not told at the end is given back."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat_until, args=(stop, study, trials), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for trial in trials:
            _give_back(study, trial)


def beat(study: optuna.Study, trial: Trial | FrozenTrial) -> None:
    """Records that the trial is being run."""
    study._storage.record_heartbeat(trial._trial_id)


def as_stored(study: optuna.Study, trial: Trial | FrozenTrial) -> FrozenTrial:
    """What the storage knows of the trial now."""
    return study._storage.get_trial(trial._trial_id)


def keep_watch(study: optuna.Study) -> None:
    """Gives every running trial a heartbeat: a worker that died before its first would never be missed."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        beat(study, trial)


def give_back_before(study: optuna.Study, time: float) -> None:
    """Has the trials run again that were begun before then, in seconds since 1970, by who is dead.

    Only where nobody else works on the study.
    """
    begun_later = datetime.datetime.fromtimestamp(time)  # Optuna's times have no zone, either
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.datetime_start < begun_later:
            _give_back(study, trial, MOST_REPEATS)
    _repeat_lost(study)


def _repeat_lost(study: optuna.Study) -> None:
    """Has those run again that were failed when who gave them back died, which has them wait after that."""
    again, known = RetryHeartbeatStaleTrialCallback, study.get_trials()
    with without_warnings():
        repeated = {number for trial in known for number in again.retry_history(trial)}
        for trial in known:
            is_ended = trial.state != TrialState.FAIL or {RESULT, SURPLUS} & trial.user_attrs.keys()
            if not is_ended and trial.number not in repeated:
                again(MOST_REPEATS)(study, trial)


def miss_the_dead(study: optuna.Study) -> None:
    """Fails the trials whose heart has stopped, and has them wait to be run again."""
    with without_warnings():
        optuna.storages.fail_stale_trials(study)


def _beat_until(stop: threading.Event, study: optuna.Study, trials: Sequence[Trial]) -> None:
    while not stop.wait(study._storage.get_heartbeat_interval()):
        try:
            for trial in trials:
                beat(study, trial)
        except Exception as error:  # a database that is away for a moment
            logging.warning("No heartbeat was recorded: %s", error)


def end(study: optuna.Study, trial: Trial) -> None:
    """Ends a trial that has its result."""
    result = trial.user_attrs[RESULT]
    if result["value"] is None:
        study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
    elif result["stopped"] is None:
        study.tell(trial, result["value"], skip_if_finished=True)
    else:
        trial.report(result["value"], result["stopped"])
        study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)


def _give_back(study: optuna.Study, trial: Trial | FrozenTrial, most_repeats: int | None = None) -> None:
    with without_warnings():
        stored = as_stored(study, trial)
        if stored.state != TrialState.RUNNING:
            return
        if RESULT in stored.user_attrs:  # who ran it was killed before he could end it
            end(study, Trial(study, stored._trial_id))
        else:
            study.tell(trial.number, state=TrialState.FAIL)
            RetryHeartbeatStaleTrialCallback(most_repeats)(study, stored)
