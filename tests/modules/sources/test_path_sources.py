import pathlib

import pytest
import tensorflow as tf

from retrain.exporters import MODULES
from retrain.modules.sources.foreign_files import FOREIGN
from retrain.modules.sources.path_sources import KerasFile, SavedModel, TF1Hub
from retrain.modules.sources.source import EXPORTS, source_of
from tests import tiny_worlds
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


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["a.onnx", "b.keras", "c.h5"], "b.keras"),
        (["keras_model.h5", "labels.txt"], "keras_model.h5"),
        (["net.tar.gz"], "net.tar.gz"),
        (["b.keras", "net/saved_model.pb"], "net"),
    ],
)
def test_a_directory_around_a_file(tmp_path, names, meant):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = ", ".join(name.replace("/saved_model.pb", "/") for name in names)
    assert sentence(str(tmp_path)) == (
        f"{str(tmp_path)!r} is no module: there is no saved_model.pb in it, but {found}. Did you mean "
        f"{str(tmp_path / meant)!r}?"
    )


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("model.onnx", ".onnx"),
        ("frozen_inference_graph.pb", ".pb"),
        ("model.ckpt-1.index", ".index"),
        ("model.json", "model.json"),
        ("net.tflite", ".tflite"),
    ],
)
def test_a_directory_of_what_is_no_module(tmp_path, name, end):
    for other in (name, "weights.bin"):
        (tmp_path / other).touch()
    assert sentence(str(tmp_path)) == (
        f"{str(tmp_path)!r} is no module: there is no saved_model.pb in it, but {name}, weights.bin. "
        f"{name!r} {FOREIGN[end]}."
    )


@pytest.mark.parametrize("length", [1, 200])
def test_a_frozen_graph_in_the_place_of_a_module(directory, length):
    graph = tf.compat.v1.GraphDef(node=[{"name": "input" * length, "op": "Placeholder"}])
    (directory / "saved_model.pb").write_bytes(graph.SerializeToString())
    assert sentence(str(directory)) == f"The saved_model.pb in {str(directory)!r} {FOREIGN['.pb']}."


def test_a_saved_model_is_no_frozen_graph(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "m")
    assert source_of(handle).fetched() == SavedModel(handle, handle)


@pytest.mark.parametrize("place", EXPORTS)
def test_a_run_is_as_good_a_handle_as_its_export(directory, place):
    """So is a sweep, whose winner is a run in it."""
    run = directory.parent / "run"
    (run / place).parent.mkdir(parents=True)
    directory.rename(run / place)
    assert source_of(str(run)).fetched() == SavedModel(str(run), str(run / place))


def test_what_a_run_exports_first_is_asked_for_first():
    assert [f"export/{name}" for name in MODULES] == list(EXPORTS[: len(MODULES)])


def test_of_versions_the_newest_is_meant(tmp_path):
    for version in ("9", "10", "1"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "saved_model.pb").write_bytes(b"")
    assert sentence(str(tmp_path)).endswith(f" Did you mean {str(tmp_path / '10')!r}?")
