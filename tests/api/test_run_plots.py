import numpy as np
import pandas as pd
import pytest

from retrain.api.run_figures import Certainty
from retrain.api.run_plots import calibration, confusion_matrix, curves
from retrain.errors import InputError
from retrain.runs.run import Run


def test_names_with_dollars_are_no_formulas(tmp_path):
    names = ["$a_b", "c$"]
    figure = confusion_matrix(pd.DataFrame([[1, 2], [0, 3]], names, names))
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    assert {text.get_text() for text in axes.texts} == {"1", "2", "3"}
    figure.savefig(tmp_path / "plot.png")


def test_how_often_right_by_how_sure():
    [axes] = calibration(Certainty(np.array([0.95, 0.95]), np.array([True, False]))).axes
    [_, judged] = axes.lines
    assert judged.get_xydata().tolist() == [[0.95, 0.5]]


def test_a_run_without_curves(tmp_path):
    with pytest.raises(InputError) as raised:
        curves(Run(tmp_path))
    assert str(raised.value) == f"{str(tmp_path)!r} has no curves: it was looked at once, at its end."
