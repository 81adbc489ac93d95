import re

import pandas as pd
import pytest

from retrain.report.sweep_table import (
    TrialRow,
    as_figure,
    short,
    short_names,
    sweep_summary,
    write_sweep_table,
)
from retrain.settings.values import OfTask

FIGURES = {"loss": 0.5, "accuracy": 0.9, "count": 100}
ROWS = [
    TrialRow(3, "finished", {"rate": 0.0123456, "weights": "none"}, 0.9, (0.8, 0.95), FIGURES, 1.25, True),
    TrialRow(1, "finished", {"rate": 0.5, "weights": "balanced"}, 0.875, (0.75, 0.9375), FIGURES, 1.0, True),
    TrialRow(2, "finished", {"rate": 0.25, "weights": "none"}, 0.5, None, FIGURES, 1.0, False),
    TrialRow(0, "failed", {"rate": 1e6, "weights": "none"}, None, None, {}, 1.0, False, "training diverged"),
]


def test_the_table_has_every_trial_in_its_order(tmp_path):
    write_sweep_table(str(tmp_path / "sweep.csv"), ROWS)
    table = pd.read_csv(tmp_path / "sweep.csv", keep_default_na=False)
    assert list(table.columns) == [
        *("trial", "status", "rate", "weights", "loss", "accuracy", "count"),
        *("tied_with_best", "seconds", "reason"),
    ]
    assert table["trial"].tolist() == [0, 1, 2, 3]
    assert table["rate"].tolist() == [1e6, 0.5, 0.25, 0.0123456]
    assert table["weights"].tolist() == ["none", "balanced", "none", "none"]
    assert table["status"].tolist() == ["failed", "finished", "finished", "finished"]
    assert table["reason"].tolist() == ["training diverged", "", "", ""]
    assert table["tied_with_best"].tolist() == [False, True, False, True]


def test_values_stand_there_as_flags_take_them(tmp_path):
    flags = {
        "fine_tune": True,
        "fine_tune_from": re.compile("Conv|Dense"),
        "tasks": (OfTask("a", "softmax"),),
    }
    rows = [ROWS[0]._replace(flags=flags)]
    write_sweep_table(str(tmp_path / "sweep.csv"), rows)
    table = pd.read_csv(tmp_path / "sweep.csv", dtype=str)
    assert table[list(flags)].iloc[0].tolist() == ["true", "Conv|Dense", "a:softmax"]
    summary = sweep_summary(rows, 3, "validation/accuracy", "run").splitlines()
    assert summary[2].split()[-4:] == ["true", "Conv|Dense", "a:softmax", "chosen"]


def test_the_best_are_shown_with_what_chance_may_explain():
    assert sweep_summary(ROWS, 1, "validation/accuracy", "runs/a b").splitlines() == [
        "",
        "   trial  validation/accuracy  95 % interval   rate     weights",
        "1  3      90.0%                80.0% to 95.0%  0.01235  none      tied",
        "2  1      87.5%                75.0% to 93.8%  0.5      balanced  chosen",
        "3  2      50.0%                                0.25     none",
        "",
        "3 trials, and 1 that failed: 2 are no worse than the best by more than chance, on the same images.",
        "All of them: runs/a b/sweep.html, runs/a b/sweep.csv",
        "The winner, trial 1, again: python -m retrain --flagfile='runs/a b/best.flags'",
    ]


def test_what_was_stopped_is_called_so_and_the_chosen_one_is_shown_beyond_the_ten_best():
    rows = [ROWS[0]._replace(number=number, tied=number < 2) for number in range(12)]
    rows = [*rows[:9], *(row._replace(status="stopped early") for row in rows[9:])]
    lines = sweep_summary(rows, 11, "validation/accuracy", "run").splitlines()
    assert [line.split()[0] for line in lines[2:13]] == [*map(str, range(1, 11)), "12"]
    assert [line.split()[-1] for line in lines[2:4]] == ["tied", "tied"]
    assert lines[11].endswith("none     stopped early")
    assert lines[12].endswith("none     chosen")
    assert lines[14].startswith("12 trials, 3 of them stopped early: 2 are no worse than the best ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("accuracy", "87.5%"),
        ("validation/top_5_accuracy", "87.5%"),
        ("validation/accuracy/kind", "87.5%"),
        ("validation/loss", "0.8750"),
        ("macro_f1/accuracy", "0.8750"),
    ],
)
def test_an_accuracy_is_in_percent_and_other_figures_are_not(name, text):
    assert as_figure(0.875, name) == text
    assert as_figure(None, name) == ""


def test_numbers_have_few_digits():
    assert [short(value) for value in (0.123456, 1e-5, 3, True)] == ["0.1235", "1e-05", "3", "true"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["builtin:", "/m/v1/saved_model", "/m/v2/saved_model"], ["builtin:", "v1", "v2"]),
        (["/m/v1/saved_model", "/m/v2/tf1_hub/"], ["v1/saved_model", "v2/tf1_hub"]),
        (["~/modules/v1", "~/modules/v2"], ["v1", "v2"]),
        (["/a/v1/x", "/b/v1/y", "/c/v2/x"], ["v1/x", "v1/y", "v2/x"]),
        (["/a/v1/x", "/b/v1/x", "/a/v1/y"], ["/a/v1/x", "/b/v1/x", "/a/v1/y"]),
        (["/m", "/m/v1"], ["/m", "m/v1"]),
        (["keras:MobileNetV3Small", "/m/v1/saved_model"], ["keras:MobileNetV3Small", "v1/saved_model"]),
        ([0.5, 0.25], ["0.5", "0.25"]),
    ],
)
def test_paths_are_told_apart_by_the_last_two_folders_less_what_all_have(values, names):
    assert list(short_names(values).values()) == names
