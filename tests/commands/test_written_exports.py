import json
import os
import unittest.mock

import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from PIL import Image

from retrain.commands.written_exports import Material, record_exports, write_exports
from retrain.errors import InputError, RefusedError
from retrain.exporters import EXPORTERS, ExporterRow, ExportOptions, LabelledFiles
from retrain.exporters.compared import Sample
from retrain.exporters.reading_process import ReadingProcess, reading_process
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.runs.run import Run

NOTHING = Material()
NO_IMAGES = Sample("test", np.zeros([0, 2, 2, 3], np.float32), lambda images: {})
READER = unittest.mock.Mock(spec=ReadingProcess)
HALF = np.full([1, 2], 0.5, np.float32)
THIS = "retrain.commands.written_exports"


@pytest.fixture
def fresh_run(tmp_path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def image(tmp_path) -> str:
    Image.new("RGB", (9, 9), "red").save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


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
            def writer(model: object, directory: str, options: ExportOptions) -> None:
                if error is not None:
                    raise error

            return writer

        writers = {name: write(error) for name, error in errors.items()}
        monkeypatch.setattr(f"{THIS}.exporter", writers.__getitem__)
        monkeypatch.setattr(f"{THIS}.sample_of", lambda *given: NO_IMAGES)
        return list(errors)

    return make


def exported(model, run: Run, formats, material: Material, reader: ReadingProcess = READER) -> list[str]:
    """The directories, of exports that have been recorded."""
    exports = write_exports(model, run, formats, material, reader)
    record_exports(run, exports)
    return exports.directories(run)


def recorded(fresh_run: Run):
    return json.loads((fresh_run.path / "exports.json").read_text("utf-8"))


def test_all_are_written_and_that_is_recorded(fresh_run, formats):
    names = formats(saved_model=None, tflite=None)
    assert exported(None, fresh_run, names, NOTHING) == [
        fresh_run.export("saved_model"),
        fresh_run.export("tflite"),
    ]
    assert recorded(fresh_run) == {"written": ["saved_model", "tflite"], "failed": {}}


def test_what_a_writer_tells_stands_in_its_line(fresh_run, formats, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(logging, "info", lambda text, *values: told.append(text % values))
    formats(keras=None)
    monkeypatch.setattr(f"{THIS}.exporter", lambda name: lambda *given: "it loads without retrain")
    exported(None, fresh_run, ["keras"], NOTHING)
    assert told[-1].endswith(" s; no image to compare it on; it loads without retrain.")


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
def test_one_that_fails_is_told_in_a_sentence_and_the_others_are_written(
    fresh_run, formats, warned, error, reason
):
    names = formats(saved_model=None, hub_module=error, tflite=None)
    assert exported(None, fresh_run, names, NOTHING) == [
        fresh_run.export("saved_model"),
        fresh_run.export("tflite"),
    ]
    assert recorded(fresh_run) == {"written": ["saved_model", "tflite"], "failed": {"hub_module": reason}}
    assert warned == [f"The format hub_module cannot be written, and is left out: {reason}"]


def test_none_could_be_written(fresh_run, formats):
    assert exported(None, fresh_run, formats(saved_model=ValueError("No.")), NOTHING) == []
    assert recorded(fresh_run) == {"written": [], "failed": {"saved_model": "No."}}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RefusedError("There is no room on the disk.")])
def test_an_interruption_or_a_full_disk_is_none_of_the_format(fresh_run, formats, error):
    with pytest.raises(type(error)):
        exported(None, fresh_run, formats(saved_model=None, hub_module=error), NOTHING)
    assert not (fresh_run.path / "exports.json").exists()


def test_what_is_written_joins_what_was(fresh_run, formats):
    """A format that is tried again counts once, by how it went then."""
    exported(None, fresh_run, formats(saved_model=None, onnx=ValueError("No."), tflite=None), NOTHING)
    exported(None, fresh_run, formats(onnx=None, keras=ValueError("Never.")), NOTHING)
    written = ["saved_model", "tflite", "onnx"]
    assert recorded(fresh_run) == {"written": written, "failed": {"keras": "Never."}}


def test_an_export_that_is_another_classifier_is_removed(
    fresh_run, monkeypatch, warned, loaded_module, image
):
    """What lies in the run's directory under the name of a format is the classifier."""
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    material = Material(compared_on=LabelledFiles("test", [image]))
    complaint = InputError("its probabilities differ")
    monkeypatch.setattr(f"{THIS}.compared", unittest.mock.Mock(side_effect=complaint))
    with reading_process(["saved_model"]) as reader:
        assert exported(model, fresh_run, ["saved_model"], material, reader) == []
    assert os.listdir(fresh_run.path / "export") == []
    assert warned == ["The format saved_model cannot be written, and is left out: its probabilities differ"]


def test_rows_of_the_table_are_what_is_asked(fresh_run, monkeypatch, loaded_module, image):
    written, heads, reader = [], {"label": SoftmaxHead(["a", "b"])}, unittest.mock.Mock(spec=ReadingProcess)
    reader.ask.return_value = lambda: {"default": HALF}
    monkeypatch.setattr(f"{THIS}.noted", lambda model, *given: written.append(given), raising=False)
    monkeypatch.setitem(EXPORTERS, "noted", ExporterRow(f"{THIS}:noted", f"{THIS}:read"))
    material = Material([image] * 500, LabelledFiles("test", [image]), takes_bytes=True)
    model = ImageClassifier(loaded_module, heads)
    assert exported(model, fresh_run, ["noted"], material, reader) == [fresh_run.export("noted")]
    options = ExportOptions(takes_bytes=True, calibration=(image,) * 200)
    assert written == [(fresh_run.export("noted"), options)]
    assert reader.ask.mock_calls == [unittest.mock.call("noted", fresh_run.export("noted"))]
