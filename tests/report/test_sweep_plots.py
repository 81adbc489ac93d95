import re

import pytest

from retrain.report.axis import Axis
from retrain.report.sweep_plots import against, best_so_far, parallel
from retrain.report.sweep_table import STOPPED, TrialRow

AXES = {"dropout_rate": Axis(low=0.0, high=0.5)}
DEEP, PALE = "#173e96", "#b8c7e0"


def row(number: int, value: float, status: str = "finished") -> TrialRow:
    return TrialRow(number, status, {"dropout_rate": 0.1 * number}, value, None, {}, 1.0, False)


@pytest.mark.parametrize("higher", [True, False])
def test_deep_blue_is_good_also_where_little_is_good(higher):
    values = [3.0, 2.0, 1.0, 0.0] if higher else [0.0, 1.0, 2.0, 3.0]
    rows = [row(number, value) for number, value in enumerate(values)]
    for plot in (
        against(rows, 1, "dropout_rate", AXES["dropout_rate"], "loss", higher),
        parallel(rows, 1, AXES, "loss", higher),
        best_so_far(rows, 1, "loss", higher),
    ):
        marks = re.findall(r'data-trial="(\d)" (?:fill|stroke)="(#\w+)"', plot)
        colours = dict(marks)
        assert (colours["0"], colours["3"]) == (DEEP, PALE)


def test_a_stopped_trial_is_no_best_so_far():
    rows = [row(0, 0.5), row(2, 0.75), row(1, 0.9, STOPPED)]
    line = re.search(r'class="best" d="([^"]+)"', best_so_far(rows, 2, "accuracy", True))[1]
    without = re.search(
        r'class="best" d="([^"]+)"', best_so_far([*rows[:2], row(1, 0.5)], 2, "accuracy", True)
    )[1]
    assert line.count("V") == 1
    assert without.count("V") == 2
