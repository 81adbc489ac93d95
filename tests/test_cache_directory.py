import os
import pathlib

import platformdirs
import pytest
from absl import logging

from retrain import cache_directory
from retrain.cache_directory import user_cache_directory


@pytest.fixture(autouse=True)
def logged(monkeypatch) -> list[str]:
    """The lines that are logged, of directories of which nothing was told before."""
    cache_directory._usable.cache_clear()
    lines: list[str] = []
    monkeypatch.setattr(logging, "warning", lambda message, *values: lines.append(message % values))
    return lines


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "cache"))
    assert user_cache_directory() == tmp_path / "cache"


def test_a_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RETRAIN_CACHE_DIR", "~/cache")
    assert user_cache_directory() == tmp_path / "cache"


def test_else_the_system_does(monkeypatch, tmp_path):
    monkeypatch.delenv("RETRAIN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_directory() == pathlib.Path(platformdirs.user_cache_dir("retrain"))


def test_a_home_that_is_a_file_is_told_once(monkeypatch, tmp_path, logged):
    (tmp_path / "home").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RETRAIN_CACHE_DIR", "~/cache")
    assert user_cache_directory() is user_cache_directory() is None
    assert logged == [
        f"'{tmp_path}/home/cache' cannot be written to (Not a directory): nothing is kept for later runs."
    ]


def test_no_home_is_known(monkeypatch, tmp_path, logged):
    def unknown(name: str) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RETRAIN_CACHE_DIR")
    monkeypatch.setattr(platformdirs, "user_cache_dir", unknown)
    assert user_cache_directory() is None
    assert logged == ["No home is known (HOME is not set): nothing is kept for later runs."]
    assert not os.listdir(tmp_path)


def test_what_another_user_left_inside(monkeypatch, tmp_path, logged):
    """As after a run by sudo. Of root all may be written to, hence the question is answered here."""
    foreign = tmp_path / "features" / "0123"
    foreign.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda place, mode: place != foreign)
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path))
    assert user_cache_directory() is None
    assert logged == [
        f"'{foreign}' cannot be written to (Permission denied): nothing is kept for later runs."
    ]
