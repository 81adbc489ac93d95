"""The study of a sweep, in Optuna's storage: trials are asked for, told, and given out again after a kill.

Any number of processes, on any machines that reach the storage, work on the same study. Each records a
heartbeat for the trials that it runs; a trial whose heart has stopped is failed by whoever looks next, and
waits to be run again. What a trial gave is one attribute of it, `result`.
"""

import contextlib
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
import sqlalchemy
from absl import logging
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

from retrain.errors import InputError
from retrain.sweep.sampler import is_repeated, position

RESULT, ABOUT = "result", "about"
SURPLUS = "surplus"  # asked for by two workers at once, when only one was left
HEARTBEAT, GRACE = 5, 40  # seconds between two beats, and until a worker is held for dead
MOST_REPEATS = 5  # of a trial whose workers die: it may be what kills them
SECONDS_BETWEEN_LOOKS = 1.0
ATTEMPTS = 5  # to open a storage that another worker is just making
LOCKED = 60.0  # seconds that a busy SQLite file is waited for


@contextlib.contextmanager
def open_study(
    url: str, name: str, direction: str, about: Mapping[str, Any], sampler: optuna.samplers.BaseSampler
) -> Iterator[optuna.Study]:
    """The study of that name, made if there is none; InputError when it is of another sweep, or not reached.

    `about` says what all trials have in common: each key is named in the sentence about what differs.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _quietly():
        storage = _open_storage(url)
    try:
        with _quietly():
            study = optuna.create_study(
                storage=storage, study_name=name, direction=direction, sampler=sampler, load_if_exists=True
            )
        known = study.user_attrs.get(ABOUT)
        if known is None:
            study.set_user_attr(ABOUT, dict(about))
        else:
            _check_same(known, about, name, _without_password(url))
        keep_watch(study)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def keep_watch(study: optuna.Study) -> None:
    """Gives every running trial a heartbeat: a worker that died before its first would never be missed."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study._storage.record_heartbeat(trial._trial_id)


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that have a result, by number; diverged ones among them."""
    return [trial for trial in study.get_trials(deepcopy=False) if RESULT in trial.user_attrs]


def next_trials(
    study: optuna.Study, distributions: Mapping[str, Any], most: int, trials: int
) -> list[optuna.trial.Trial]:
    """As `ask`, but waits for the last trials of other workers, who may die; [] when all are finished."""
    asked = ask(study, distributions, most, trials)
    if not asked and unfinished(study):
        logging.info("Waiting for %d trials that other workers run, or died of.", unfinished(study))
        keep_watch(study)
    while not asked and unfinished(study):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        asked = ask(study, distributions, most, trials)
    return asked


def ask(
    study: optuna.Study, distributions: Mapping[str, Any], most: int, trials: int
) -> list[optuna.trial.Trial]:
    """At most `most` trials to run now: those of dead workers first, then new ones, up to `trials` in all."""
    asked: list[optuna.trial.Trial] = []
    with _quietly():
        optuna.storages.fail_stale_trials(study)
        while len(asked) < most and _left(study, trials):
            trial = study.ask(dict(distributions))
            study._storage.record_heartbeat(trial._trial_id)
            frozen = _frozen(study, trial)
            if not is_repeated(frozen) and position(study, frozen) >= trials:
                trial.set_user_attr(SURPLUS, True)
                study.tell(trial, state=TrialState.FAIL)
                break
            asked.append(trial)
    return asked


def tell(
    study: optuna.Study,
    trial: optuna.trial.Trial,
    value: float | None,
    result: Mapping[str, Any],
    stopped: int | None,
) -> None:
    """What a trial gave: no value when it failed, that at the step at which it was stopped when it was.

    Nothing where this worker was taken for dead.
    """
    with _quietly():
        if _frozen(study, trial).state != TrialState.RUNNING:
            return
        trial.set_user_attr(RESULT, dict(result))
        if value is None:
            study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
        elif stopped is None:
            study.tell(trial, value, skip_if_finished=True)
        else:
            trial.report(value, stopped)
            study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)


def unfinished(study: optuna.Study) -> int:
    """How many trials run, here or elsewhere, or wait to be run again."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)))


@contextlib.contextmanager
def heartbeat(study: optuna.Study, trials: Sequence[optuna.trial.Trial]) -> Iterator[None]:
    """Tells the other workers that these trials are being run; what was not told at the end is given back."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(study, trials, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for trial in trials:
            _give_back(study, trial)


def _give_back(study: optuna.Study, trial: optuna.trial.Trial) -> None:
    with _quietly():
        frozen = _frozen(study, trial)
        if frozen.state == TrialState.RUNNING:
            study.tell(trial, state=TrialState.FAIL)
            RetryHeartbeatStaleTrialCallback()(study, frozen)


def _beat(study: optuna.Study, trials: Sequence[optuna.trial.Trial], stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT):
        try:
            for trial in trials:
                study._storage.record_heartbeat(trial._trial_id)
        except Exception as error:  # a database that is away for a moment
            logging.warning("No heartbeat was recorded: %s", error)


def _open_storage(url: str) -> RDBStorage:
    connect = {"timeout": LOCKED} if url.startswith("sqlite") else {}
    for attempt in range(ATTEMPTS):
        try:
            storage = RDBStorage(
                url,
                {"connect_args": connect, "pool_pre_ping": True},
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(MOST_REPEATS),
            )
            break
        except (sqlalchemy.exc.SQLAlchemyError, ImportError, RuntimeError) as error:
            if attempt == ATTEMPTS - 1 or not isinstance(error, sqlalchemy.exc.DBAPIError):
                raise _unreachable(url, error) from error
            time.sleep(0.2)
    if url.startswith("sqlite"):
        # A commit waits for the disk otherwise, several times a trial.
        sqlalchemy.event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()
    return storage


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _unreachable(url: str, error: Exception) -> InputError:
    cause = error.__cause__ or getattr(error, "orig", None) or error
    reason = " ".join(str(cause).split()) or type(cause).__name__
    return InputError(
        f"The storage {_without_password(url)!r} cannot be used ({reason}): name a database that can be "
        f"reached, such as sqlite:////path/study.db or postgresql://user@host/name, or leave out --storage."
    )


def _without_password(url: str) -> str:
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return url


def _check_same(known: Mapping[str, Any], about: Mapping[str, Any], name: str, url: str) -> None:
    for key, value in about.items():
        if known.get(key) != value:
            raise InputError(
                f"The study {name!r} in {url!r} was begun with {key}={known.get(key)}, but this sweep has "
                f"{key}={value}: repeat the flags of then, or name another --model_dir, --storage or --study."
            )


def _left(study: optuna.Study, trials: int) -> bool:
    known = study.get_trials(deepcopy=False)
    waiting = any(trial.state == TrialState.WAITING for trial in known)
    return (
        waiting or sum(not is_repeated(trial) and SURPLUS not in trial.user_attrs for trial in known) < trials
    )


def _frozen(study: optuna.Study, trial: optuna.trial.Trial) -> FrozenTrial:
    return study._storage.get_trial(trial._trial_id)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Heartbeats are experimental to Optuna, and it expects them of its own loop only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage is supposed")
        yield
