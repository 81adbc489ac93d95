import pathlib

import pytest

from retrain.exporters import MODULES
from retrain.modules.sources.path_sources import KerasFile, SavedModel, TF1Hub
from retrain.modules.sources.source import EXPORTS, source_of
from tests.modules.sources.sentences import sentence


@pytest.fixture
def directory(tmp_path) -> pathlib.Path:
    path = tmp_path / "module"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")
    return path


def test_directories(directory):
    handle = str(directory)
    assert source_of(handle).fetched() == SavedModel(handle, handle)
    (directory / "tfhub_module.pb").write_bytes(b"")
    assert source_of(handle).fetched() == TF1Hub(handle, handle)


def test_a_keras_file(tmp_path):
    handle = str(tmp_path / "model.keras")
    pathlib.Path(handle).write_bytes(b"")
    assert source_of(handle).fetched() == KerasFile(handle, handle)


def test_a_directory_may_have_any_name(directory):
    handle = str(directory.rename(directory.parent / "module.keras"))
    assert source_of(handle).fetched() == SavedModel(handle, handle)


def test_a_directory_that_is_no_module(tmp_path):
    path = tmp_path / "photos"
    path.mkdir()
    assert (
        sentence(str(path)) == f"{str(path)!r} is no module: there is no saved_model.pb in it, but nothing."
    )
    for name in "gfedcba":
        (path / name).mkdir()
    assert sentence(str(path)) == (
        f"{str(path)!r} is no module: there is no saved_model.pb in it, but a/, b/, c/, d/, e/, 2 more."
    )


def test_a_directory_around_a_module(directory):
    around = str(directory.parent)
    assert sentence(around) == (
        f"{around!r} is no module: there is no saved_model.pb in it, but module/. Did you mean "
        f"{str(directory)!r}?"
    )


@pytest.mark.parametrize("place", EXPORTS)
def test_a_run_is_as_good_a_handle_as_its_export(directory, place):
    """So is a sweep, whose winner is a run in it."""
    run = directory.parent / "run"
    (run / place).parent.mkdir(parents=True)
    directory.rename(run / place)
    assert source_of(str(run)).fetched() == SavedModel(str(run), str(run / place))


def test_what_a_run_exports_first_is_asked_for_first():
    assert [f"export/{name}" for name in MODULES] == list(EXPORTS[: len(MODULES)])


def test_a_run_that_exported_nothing(tmp_path):
    (tmp_path / "run.flags").write_text("")
    assert sentence(str(tmp_path)) == (
        f"{str(tmp_path)!r} is no module: there is no saved_model.pb in it, but run.flags. It is a run that "
        f"has exported no module: let it go on first, or name another."
    )
