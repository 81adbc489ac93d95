import os
import pathlib

import numpy as np
import pytest

from retrain import InputError, TrainedRun
from retrain.api.trained_run import Evaluation


def test_what_a_run_of_the_command_line_holds(trained_run):
    run = TrainedRun(trained_run)
    assert run.path == trained_run
    assert run.metrics["test"]["accuracy"] == 1.0
    assert len(run.predictions) == run.data_report["images"] == 24
    assert run.predictions["probability"].dtype == np.float64
    assert run.label_issues["rank"].tolist() == list(range(1, 25))
    assert run.report == str(trained_run / "report.html")
    assert run.exports == {name: str(trained_run / "export" / name) for name in ("saved_model", "hub_module")}


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
