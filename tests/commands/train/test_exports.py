"""A format that cannot be written costs itself only, whatever its exporter makes of the model."""

import json

import pytest
import tensorflow as tf
from absl import logging

from retrain.commands.train.exports import write_exports
from retrain.errors import InputError
from retrain.export import EXPORTERS, ExporterRow
from retrain.runs.run import Run

THIS = "retrain.commands.train.exports"


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def warned(monkeypatch) -> list[str]:
    """The warnings on the log."""
    found: list[str] = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: found.append(text % values))
    return found


@pytest.fixture
def formats(monkeypatch, tmp_path):
    """Rows of EXPORTERS that raise these errors, or write nothing where there is none."""

    def make(**errors: BaseException | None) -> list[str]:
        def write(error: BaseException | None):
            def writer(model: object, directory: str) -> None:
                if error is not None:
                    raise error

            return writer

        writers = {name: write(error) for name, error in errors.items()}
        monkeypatch.setattr(f"{THIS}.exporter", writers.__getitem__)
        return list(errors)

    return make


def recorded(run: Run):
    return json.loads((run.path / "exports.json").read_text("utf-8"))


def test_all_are_written_and_that_is_recorded(run, formats):
    names = formats(saved_model=None, tflite=None)
    assert write_exports(None, run, names) == [run.export("saved_model"), run.export("tflite")]
    assert recorded(run) == {"written": ["saved_model", "tflite"], "failed": {}}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("A sentence."), "A sentence."),
        (ValueError("One line.\nAnd many more."), "One line."),
        (AssertionError(), "AssertionError"),
        (
            tf.errors.UnimplementedError(None, None, "No kernel for Frobnicate"),
            "No kernel for Frobnicate",
        ),
    ],
)
def test_one_that_fails_is_told_in_a_sentence_and_the_others_are_written(run, formats, warned, error, reason):
    names = formats(saved_model=None, hub_module=error, tflite=None)
    assert write_exports(None, run, names) == [run.export("saved_model"), run.export("tflite")]
    assert recorded(run) == {"written": ["saved_model", "tflite"], "failed": {"hub_module": reason}}
    assert warned == [f"The format hub_module cannot be written, and is left out: {reason}"]


def test_none_could_be_written(run, formats):
    assert write_exports(None, run, formats(saved_model=ValueError("No."))) == []
    assert recorded(run) == {"written": [], "failed": {"saved_model": "No."}}


def test_an_interruption_is_none_of_the_format(run, formats):
    with pytest.raises(KeyboardInterrupt):
        write_exports(None, run, formats(saved_model=None, hub_module=KeyboardInterrupt()))
    assert not (run.path / "exports.json").exists()


def test_rows_of_the_table_are_what_is_asked(run, monkeypatch, loaded_module):
    written = []
    monkeypatch.setattr(f"{THIS}.noted", lambda model, directory: written.append(directory), raising=False)
    monkeypatch.setitem(EXPORTERS, "noted", ExporterRow(f"{THIS}:noted"))
    assert write_exports(loaded_module, run, ["noted"]) == written == [run.export("noted")]
