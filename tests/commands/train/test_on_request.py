import os
import pathlib

import pytest
from absl import logging

from retrain.commands.train.on_request import formats_of, is_accurate, write_copies
from retrain.runs.run import Run
from retrain.settings.results import ResultSettings
from tests.report.outcomes import of_two_tasks


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Run:
    """What a run leaves that has exported one format."""
    made = Run(tmp_path / "run")
    made.write("labels.txt", "a\nb\n")
    made.write("export/saved_model/variables/variables.index", "1")
    return made


@pytest.fixture
def errors(monkeypatch) -> list[str]:
    """What is logged as an error."""
    said: list[str] = []
    monkeypatch.setattr(logging, "error", lambda words, *values: said.append(words % values))
    return said


def test_copies_of_labels_and_export(run, tmp_path, capsys):
    labels, model = tmp_path / "labels.txt", tmp_path / "deep" / "model"
    settings = ResultSettings(labels_output_file=str(labels), saved_model_dir=str(model))
    assert write_copies(settings, run, [run.export("saved_model")])
    assert labels.read_text() == "a\nb\n"
    assert (model / "variables" / "variables.index").read_text() == "1"
    assert capsys.readouterr().out == f"Labels written to {labels}\nSavedModel exported to {model}\n"


def test_a_copy_is_the_next_version(run, tmp_path, capsys):
    """As TensorFlow Serving reads a directory: numbers are versions, and the highest is served."""
    settings = ResultSettings(saved_model_dir=str(tmp_path / "flowers"), version_directory=True)
    for version in ("1", "10", "11"):
        assert write_copies(settings, run, [run.export("saved_model")])
        assert capsys.readouterr().out == f"SavedModel exported to {tmp_path / 'flowers' / version}\n"
        assert (tmp_path / "flowers" / version / "variables" / "variables.index").read_text() == "1"
        (tmp_path / "flowers" / "9").mkdir(exist_ok=True)
        (tmp_path / "flowers" / "notes").mkdir(exist_ok=True)
    assert sorted(os.listdir(tmp_path / "flowers")) == ["1", "10", "11", "9", "notes"]


def test_files_are_copied_of_formats_that_are_written_for_it(run, tmp_path, capsys):
    run.write("export/tflite/model.tflite", "lite")
    run.write("export/frozen_graph/model.pb", "graph")
    places = {"tflite_output_file": tmp_path / "new.tflite", "output_graph": tmp_path / "new.pb"}
    settings = ResultSettings(
        export_formats=("tflite", "hub_module"), **{name: str(path) for name, path in places.items()}
    )
    assert formats_of(settings) == ("tflite", "hub_module", "frozen_graph")
    assert formats_of(ResultSettings(export_formats=("onnx",))) == ("onnx",)
    assert write_copies(settings, run, [run.export("tflite"), run.export("frozen_graph")])
    assert [path.read_text() for path in places.values()] == ["lite", "graph"]
    assert capsys.readouterr().out == (
        f"TFLite model exported to {tmp_path}/new.tflite\nFrozen graph exported to {tmp_path}/new.pb\n"
    )


def test_an_export_that_failed_is_not_copied(run, tmp_path, errors):
    settings = ResultSettings(saved_model_dir=str(tmp_path / "model"))
    assert not write_copies(settings, run, [run.export("hub_module")])
    assert errors == [f"There is no export saved_model to copy to {str(tmp_path / 'model')!r}."]
    assert not (tmp_path / "model").exists()


def test_nothing_is_copied_that_was_not_asked_for(run, tmp_path, capsys):
    assert write_copies(ResultSettings(), run, [])
    assert (os.listdir(tmp_path), capsys.readouterr().out) == (["run"], "")


@pytest.mark.parametrize(
    ("accuracy", "least", "said"),
    [
        (0.5, None, []),
        (0.5, 0.5, []),
        (0.5, 0.75, ["--assert_accuracy_at_least=0.75: the test accuracy is 0.5000, which is lower."]),
        (None, 0.0, ["--assert_accuracy_at_least=0: no test image has a label to judge by."]),
    ],
)
def test_the_accuracy_of_the_first_task_on_test_images_is_judged(errors, accuracy, least, said):
    test = {"accuracy/tags": 0.1} if accuracy is None else {"accuracy/kind": accuracy, "accuracy/tags": 0.1}
    outcome = of_two_tasks(figures={"validation": {"accuracy/kind": 1.0}, "test": test})
    assert is_accurate(ResultSettings(assert_accuracy_at_least=least), outcome) == (not said)
    assert errors == said
