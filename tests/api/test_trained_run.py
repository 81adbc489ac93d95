import os
import pathlib

import matplotlib.pyplot
import numpy as np
import pytest
from matplotlib.figure import Figure

from retrain import InputError, TrainedRun, load
from retrain.api.trained_run import Evaluation, FinishedSweep


def test_what_a_run_of_the_command_line_holds(trained_run):
    run = TrainedRun(trained_run)
    assert run.path == trained_run
    assert run.metrics["test"]["accuracy"] == 1.0
    assert len(run.predictions) == run.data_report["images"] == 24
    assert run.predictions["probability"].dtype == np.float64
    assert run.label_issues["rank"].tolist() == list(range(1, 25))
    assert run.report == str(trained_run / "report.html")
    formats = ("saved_model", "hub_module", "tflite")
    assert run.exports == {name: str(trained_run / "export" / name) for name in formats}


def test_its_classifier_is_loaded_once_and_predicts(trained_run, colour_folder):
    run = TrainedRun(trained_run)
    assert run.classifier is run.classifier
    assert run.classifier.primary_head.class_names == ("cyan", "magenta", "yellow")
    assert run.predict(f"{colour_folder}/cyan/000.png")["class"].tolist() == ["cyan"]


def test_it_is_a_path(trained_run, monkeypatch):
    monkeypatch.chdir(trained_run.parent)
    run = TrainedRun(trained_run.name)
    assert pathlib.Path(run) == trained_run
    assert repr(run) == f"TrainedRun({str(trained_run)!r})"


def test_a_directory_is_known_by_what_it_holds(trained_run, command, colour_folder, tmp_path):
    assert type(load(trained_run)) is TrainedRun
    evaluation = tmp_path / "evaluation"
    flags = [f"--tfhub_module={trained_run}", f"--image_dir={colour_folder}", f"--model_dir={evaluation}"]
    assert command("evaluate", *flags).status == 0
    assert type(load(evaluation)) is Evaluation
    (tmp_path / "sweep.flags").touch()
    assert type(load(tmp_path)) is FinishedSweep
    with pytest.raises(InputError) as raised:
        load(tmp_path / "gone")
    assert (
        str(raised.value) == f"{str(tmp_path / 'gone')!r} is no run: name the directory that one has written."
    )


def test_the_confusion_matrix_is_a_table(trained_run):
    counts = TrainedRun(trained_run).confusion_matrix
    assert counts.loc["cyan"].tolist() == [1, 0, 0]
    assert (counts.index.name, counts.columns.name) == ("label", "predicted")


def test_plots_are_figures(trained_run, tmp_path):
    run = TrainedRun(trained_run)
    for figure in (run.plot_confusion_matrix(), run.plot_calibration("validation"), run.plot_curves()):
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / "plot.png")
    assert matplotlib.pyplot.get_fignums() == []  # or a notebook would show each twice


@pytest.mark.parametrize("plot", ["plot_confusion_matrix", "plot_calibration"])
def test_plots_of_a_split_without_figures(trained_run, plot):
    run = TrainedRun(trained_run)
    splits = ", ".join(name for name, of in run.metrics.items() if isinstance(of, dict))
    with pytest.raises(InputError) as raised:
        getattr(run, plot)(split="train")
    assert str(raised.value) == f"'train' is no split that has figures: choose from {splits}."


def test_what_a_notebook_shows(trained_run, tmp_path):
    shown = TrainedRun(trained_run)._repr_html_()
    assert "<tr><td>test</td><td>3</td>" in shown
    assert f'href="file://{trained_run}/report.html"' in shown
    assert TrainedRun(tmp_path)._repr_html_() is None


@pytest.mark.parametrize(
    ("of", "name"),
    [("metrics", "metrics.json"), ("predictions", "predictions.csv"), ("report", "report.html")],
)
def test_a_file_that_is_not_there(of, name, tmp_path):
    with pytest.raises(InputError) as raised:
        getattr(Evaluation(os.fspath(tmp_path)), of)
    assert (
        str(raised.value) == f"{str(tmp_path)!r} holds no {name}: name the directory of a run that has ended."
    )
