import gc
import sqlite3
import sys

import optuna
import pytest
import sqlalchemy

from retrain.errors import InputError
from retrain.studies import storage as storage_module
from retrain.studies.storage import failures_told, open_storage, without_password
from tests.studies.studies import url

ADVICE = (
    "name a database that can be reached, such as sqlite:////path/study.db or "
    "postgresql://user@host/name, or leave out --storage"
)


def refusal(storage: str) -> str:
    with pytest.raises(InputError) as raised:
        open_storage(storage)
    return str(raised.value)


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        ("sqlite:////nowhere/study.db", "unable to open database file"),
        ("study.db", "Could not parse SQLAlchemy URL from given URL string"),
        ("nosql://host/name", "Can't load plugin: sqlalchemy.dialects:nosql"),
    ],
)
def test_a_storage_that_cannot_be_reached(storage, reason):
    assert refusal(storage) == f"The storage {storage!r} cannot be used ({reason}): {ADVICE}."


def test_a_database_whose_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    text = refusal("postgresql://me:secret@localhost:1/name")
    assert text.startswith("The storage 'postgresql://me:***@localhost:1/name' cannot be used (")
    assert text.endswith("): pip install 'retrain[postgresql]'.")


# Optuna leaves its connection open then, which Python 3.13 says when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "study.db").write_text("photos\n" * 500)
    reason = "file is not a database"
    assert refusal(url(tmp_path)) == f"The storage {url(tmp_path)!r} cannot be used ({reason}): {ADVICE}."
    gc.collect()


def test_a_password_is_not_shown():
    assert without_password("postgresql://me:secret@host/name") == "postgresql://me:***@host/name"
    assert without_password("study.db") == "study.db"


def test_workers_on_an_sqlite_file_do_not_wait_for_each_other_to_write(tmp_path):
    storage = open_storage(url(tmp_path))
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    storage.remove_session()
    storage.engine.dispose()


def fail_to_commit() -> None:
    """As Optuna does on a full disk."""
    full = sqlite3.OperationalError("database or disk is full")
    try:
        raise sqlalchemy.exc.OperationalError("INSERT", {}, full) from full
    except sqlalchemy.exc.OperationalError as error:
        raise optuna.exceptions.StorageInternalError("during the commit") from error


def test_a_storage_that_fails_later_is_told():
    url = "sqlite:////runs/study.db"
    with pytest.raises(InputError) as raised, failures_told(url):
        fail_to_commit()
    assert str(raised.value) == f"The storage {url!r} cannot be used (database or disk is full): {ADVICE}."


def test_a_commit_that_fails_while_tables_are_made_is_tried_again_and_told(tmp_path, monkeypatch):
    attempts = []

    def full(*_, **__):
        attempts.append(1)
        fail_to_commit()

    monkeypatch.setattr(storage_module, "SECONDS_BETWEEN_ATTEMPTS", 0.0)
    monkeypatch.setattr(storage_module, "RDBStorage", full)
    expected = f"The storage {url(tmp_path)!r} cannot be used (database or disk is full): {ADVICE}."
    assert refusal(url(tmp_path)) == expected
    assert len(attempts) == storage_module.ATTEMPTS
