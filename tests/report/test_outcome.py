import json

import numpy as np
import pandas as pd
import pytest

from retrain.examples.labelled import encoded
from retrain.report import ARTEFACTS
from retrain.report.outcome import figures_by_split, write_artefacts
from retrain.runs.run import Run
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted

NO_ISSUES = pd.DataFrame(columns=["path", "task", "label", "suggested", "probability", "support", "in_doubt"])


def test_tasks_are_named_where_there_are_several():
    several, one = of_two_tasks(), predicted(made_up(["1.jpg"], kind=["a"]), [[1.0]])
    assert (several.primary_task, one.primary_task) == ("kind", "kind")
    assert (several.suffix("tags"), one.suffix("kind")) == ("/tags", "")


def test_figures_are_of_the_examples_of_a_split_that_have_a_label():
    outcome = of_two_tasks()
    splits = ["train", "validation", "test", "evaluation"]
    figures = figures_by_split(outcome.examples, outcome.heads, outcome.probabilities, splits)
    assert list(figures) == ["train", "validation", "test"]
    assert (figures["train"]["accuracy/kind"], figures["test"]["accuracy/kind"]) == (1.0, 0.0)
    assert (figures["train"]["count/tags"], figures["validation"]["count/tags"]) == (1, 1)
    assert "accuracy/kind" not in figures["validation"]
    assert "accuracy/tags" not in figures["test"]


def test_a_task_counts_in_the_loss_by_its_weight():
    outcome = of_two_tasks()
    kind = outcome.examples.tasks["kind"]
    outcome.examples.tasks["kind"] = encoded(kind.head, kind.cells, weight=3.0)
    figures = figures_by_split(outcome.examples, outcome.heads, outcome.probabilities, ["train"])["train"]
    np.testing.assert_allclose(
        figures["loss"], 3.0 * figures["average_loss/kind"] + figures["average_loss/tags"], rtol=1e-6
    )


@pytest.mark.parametrize("of_evaluation", [False, True])
def test_every_file_of_the_table_is_written(tmp_path, of_evaluation):
    outcome = of_two_tasks(label_issues=None if of_evaluation else NO_ISSUES, global_step=7)
    run = Run(tmp_path / "run")
    run.begun_with("{}", "# python -m retrain train --flagfile=run.flags\n")
    written = write_artefacts(outcome, run, of_evaluation)
    expected = {"predictions.csv", "report.html", "metrics.json"}
    if not of_evaluation:
        expected |= {"predictions.png", "label_issues.csv"}
    assert (
        {path.name for path in run.path.iterdir()} - {"run.flags", "config.json"} == set(written) == expected
    )
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == {"global_step": 7}


def test_metrics_are_last_so_that_all_else_is_there_with_them():
    assert list(ARTEFACTS)[-1] == "metrics.json"


def test_what_says_how_good_a_run_is_makes_way_for_a_longer_one():
    assert [name for name, row in ARTEFACTS.items() if row.is_result] == [
        *("predictions.csv", "predictions.png", "report.html", "metrics.json"),
    ]
