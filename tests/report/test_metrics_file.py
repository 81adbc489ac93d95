import json

from retrain.report.metrics_file import write
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted

DECISIONS = {"kind": {"temperature": 1.5}, "tags": {"temperature": 0.5}}


def written(outcome, tmp_path):
    write(outcome, str(tmp_path / "metrics.json"))
    return json.loads((tmp_path / "metrics.json").read_text("utf-8"))


def test_figures_by_split_and_the_step_they_are_of(tmp_path):
    figures = {"validation": {"accuracy": 0.5}, "test": {"accuracy": 1.0}}
    outcome = of_two_tasks(figures=figures, global_step=7)
    assert written(outcome, tmp_path) == {**figures, "global_step": 7}


def test_what_was_decided_stands_with_the_figures_of_validation(tmp_path):
    figures = {"validation": {"accuracy/kind": 0.5}, "test": {"accuracy/kind": 1.0}}
    outcome = of_two_tasks(figures=figures, decisions=DECISIONS)
    assert written(outcome, tmp_path) == {
        "validation": {"accuracy/kind": 0.5, "temperature/kind": 1.5, "temperature/tags": 0.5},
        "test": {"accuracy/kind": 1.0},
    }
    assert figures["validation"] == {"accuracy/kind": 0.5}


def test_one_task_needs_no_name(tmp_path):
    examples = made_up(["1.jpg", "2.jpg"], kind=["a", "b"])
    outcome = predicted(examples, [[1, 0], [0, 1]], figures={"validation": {}}, decisions=DECISIONS)
    assert written(outcome._replace(decisions={"kind": DECISIONS["kind"]}), tmp_path) == {
        "validation": {"temperature": 1.5}
    }


def test_an_evaluation_has_neither_step_nor_decisions(tmp_path):
    outcome = of_two_tasks(figures={"evaluation": {"accuracy": 0.5}}, decisions=DECISIONS)
    assert written(outcome, tmp_path) == {"evaluation": {"accuracy": 0.5}}
    assert written(of_two_tasks(global_step=0), tmp_path) == {"global_step": 0}


def test_a_row_of_a_confusion_matrix_is_a_line(tmp_path):
    figures = {"test": {"accuracy": 0.5, "confusion_matrix": [[1, 0], [1, 0]], "none": {}, "of": ["é", None]}}
    assert written(of_two_tasks(figures=figures, global_step=3), tmp_path) == {**figures, "global_step": 3}
    assert (
        (tmp_path / "metrics.json").read_text("utf-8")
        == """\
{
  "test": {
    "accuracy": 0.5,
    "confusion_matrix": [
      [1, 0],
      [1, 0]
    ],
    "none": {},
    "of": ["é", null]
  },
  "global_step": 3
}
"""
    )


def test_any_script_stays_readable(tmp_path):
    written(of_two_tasks(figures={"test": {"classes": {"玫瑰": {"f1": 1.0}}}}), tmp_path)
    assert "玫瑰" in (tmp_path / "metrics.json").read_text("utf-8")
