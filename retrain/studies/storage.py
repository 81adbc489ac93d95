"""The database of a study: Optuna's, in an SQLite file or what SQLAlchemy knows; or a sentence why not."""

import contextlib
import time
import warnings
from collections.abc import Iterator
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

from retrain.errors import InputError

RESULT = "result"  # the attribute of a trial that holds its record
SURPLUS = "surplus"  # that of one asked for by two workers at once, when only one was left
HEARTBEAT, GRACE = 5, 40  # seconds between two beats, and until a worker is held for dead
MOST_REPEATS = 5  # of a trial whose workers die: it may be what kills them
ATTEMPTS = 5  # to open a storage that another worker is just making
SECONDS_BETWEEN_ATTEMPTS = 0.2
LOCKED = 60.0  # seconds that a busy SQLite file is waited for
# What Optuna raises of a database, the second where a commit fails.
OF_DATABASE = (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError)
MAY_PASS = (sqlalchemy.exc.DBAPIError, optuna.exceptions.StorageInternalError)
POSTGRESQL = "postgresql"  # the kind of database that needs a package, and the extra that brings it


def open_storage(url: str) -> RDBStorage:
    """The storage, with tables where it had none; InputError when it cannot be used."""
    for attempt in range(ATTEMPTS):
        try:
            storage = _storage(url)
            break
        except (*OF_DATABASE, ImportError, RuntimeError) as error:
            if attempt == ATTEMPTS - 1 or not isinstance(error, MAY_PASS):
                raise _unusable(url, error) from error
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    if url.startswith("sqlite"):
        # A commit waits for the disk otherwise, several times a trial.
        sqlalchemy.event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()
    return storage


@contextlib.contextmanager
def failures_told(url: str) -> Iterator[None]:
    """Says in a sentence that the storage, which could be opened, can no longer be used: a full disk."""
    try:
        yield
    except OF_DATABASE as error:
        raise _unusable(url, error) from error


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return url


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Heartbeats are experimental to Optuna, and it expects them of its own loop only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage is supposed")
        yield


def _storage(url: str) -> RDBStorage:
    connect = {"timeout": LOCKED} if url.startswith("sqlite") else {}
    with without_warnings():
        return RDBStorage(
            url,
            {"connect_args": connect, "pool_pre_ping": True},
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=_run_again,
        )


def _run_again(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Gives out anew what a dead worker ran, unless it had noted the result."""
    if RESULT not in trial.user_attrs:
        RetryHeartbeatStaleTrialCallback(MOST_REPEATS)(study, trial)


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _unusable(url: str, error: Exception) -> InputError:
    cause: BaseException = error
    while deeper := getattr(cause, "orig", None) or cause.__cause__:
        cause = deeper
    reason = " ".join(str(cause).split()) or type(cause).__name__
    return InputError(
        f"The storage {without_password(url)!r} cannot be used ({reason}): {_advice(url, cause)}."
    )


def _advice(url: str, cause: BaseException) -> str:
    if url.startswith(f"{POSTGRESQL}://") and isinstance(cause, ImportError):
        return f"pip install 'retrain[{POSTGRESQL}]'"
    return (
        "name a database that can be reached, such as sqlite:////path/study.db or "
        "postgresql://user@host/name, or leave out --storage"
    )
