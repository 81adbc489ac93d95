import os
import pathlib
import shutil
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from retrain.errors import InputError
from retrain.exporters import answers_of
from retrain.exporters.reading_process import ReadingProcess, in_batches
from tests.kept_reading_process import started

IMAGES = np.linspace(0, 1, 20 * 8 * 8 * 3, dtype=np.float32).reshape([20, 8, 8, 3])


@pytest.fixture
def directory(trained_run) -> str:
    return str(trained_run / "export" / "tflite")


@pytest.fixture(scope="module")
def of_all() -> Iterator[ReadingProcess]:
    """For tests that leave it as it is."""
    with started(["tflite", "saved_model"]) as reader:
        yield reader


def test_it_answers_as_the_export_does_in_the_order_of_what_was_asked(directory, trained_run, of_all):
    exports = {"tflite": directory, "saved_model": str(trained_run / "export" / "saved_model")}
    of_all.give(IMAGES)
    answers = {name: of_all.ask(name, where) for name, where in exports.items()}
    found = {name: answered() for name, answered in answers.items()}
    for name, where in exports.items():
        expected = in_batches(answers_of(name, where), IMAGES)
        assert set(found[name]) == {*expected} == {"default"}
        for key, values in expected.items():
            np.testing.assert_allclose(found[name][key], values, atol=1e-6)


def test_images_are_given_in_place_of_others(directory, of_all):
    for count in (20, 3):
        of_all.give(IMAGES[:count])
        assert len(of_all.ask("tflite", directory)()["default"]) == count


def test_why_an_export_cannot_be_read_and_the_next_one_is(directory, tmp_path, of_all):
    shutil.copytree(directory, tmp_path / "damaged")
    (tmp_path / "damaged" / "model.tflite").write_bytes(b"nothing")
    of_all.give(IMAGES)
    damaged, whole = of_all.ask("tflite", str(tmp_path / "damaged")), of_all.ask("tflite", directory)
    with pytest.raises(InputError, match="not a valid Flatbuffer"):
        damaged()
    assert len(whole()["default"]) == 20


def test_a_process_that_ends_is_told(directory):
    with started(["tflite"]) as reader:
        reader.give(IMAGES)
        reader.process.send_signal(signal.SIGKILL)
        reader.process.wait()
        with pytest.raises(InputError) as info:
            reader.ask("tflite", directory)()
    assert str(info.value) == "the process that reads it again ended with status -9"


def test_with_the_last_line_that_it_says(directory, monkeypatch, tmp_path):
    """As where a package is there, and cannot be loaded."""
    (tmp_path / "ai_edge_litert").mkdir()
    (tmp_path / "ai_edge_litert" / "__init__.py").write_text("raise ImportError('no libGL.so.1')")
    monkeypatch.syspath_prepend(tmp_path)
    with started(["tflite"]) as reader, pytest.raises(InputError) as info:
        reader.ask("tflite", directory)()
    assert str(info.value) == (
        "the process that reads it again ended with status 1: ImportError: no libGL.so.1"
    )


def test_nothing_is_left_of_it(directory, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with started(["tflite"]) as reader:
        reader.give(IMAGES)
        assert os.listdir(tmp_path) == []
    assert reader.process.returncode == -signal.SIGKILL


def test_it_ends_with_the_process_that_asks(directory):
    """Also where that is killed, and does not end it: nobody holds the other end of the pipe then."""
    with started(["tflite"]) as reader:
        reader.connection.close()
        assert reader.process.wait(timeout=60) == 0


def test_modules_are_found_where_this_process_finds_them(directory, monkeypatch, tmp_path):
    """A script may stand anywhere, and the package be on the path by its own doing."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("retrain.py").write_text("raise ImportError('another retrain')")
    with started(["tflite"]) as reader:
        reader.give(IMAGES)
        assert reader.ask("tflite", directory)()


def test_for_no_formats_there_is_none():
    with started([]) as reader:
        assert reader is None
