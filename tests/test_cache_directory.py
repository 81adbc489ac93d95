import pathlib

import platformdirs

from retrain.cache_directory import user_cache_directory


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "cache"))
    assert user_cache_directory() == tmp_path / "cache"
    assert not (tmp_path / "cache").exists()


def test_a_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RETRAIN_CACHE_DIR", "~/cache")
    assert user_cache_directory() == tmp_path / "cache"


def test_else_the_system_does(monkeypatch):
    monkeypatch.delenv("RETRAIN_CACHE_DIR")
    assert user_cache_directory() == pathlib.Path(platformdirs.user_cache_dir("retrain"))
