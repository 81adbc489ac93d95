import csv

import pandas as pd

from retrain.report.predictions_table import task_columns, write, write_table
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted


def rows(path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_predictions_are_a_row_an_example(tmp_path):
    examples = made_up(["a, b/1.jpg", 'c/"2".jpg'], label=["a, b", "c"]).with_splits(["train", "test"])
    write(predicted(examples, [[0.25, 0.75], [0.1234567, 0.8765433]]), str(tmp_path / "p.csv"))
    assert rows(tmp_path / "p.csv") == [
        ["path", "split", "label", "predicted", "probability"],
        ["a, b/1.jpg", "train", "a, b", "c", "0.75"],
        ['c/"2".jpg', "test", "c", "c", "0.876543"],
    ]


def test_several_tasks_have_columns_of_their_own_and_what_is_not_known_is_empty(tmp_path):
    write(of_two_tasks(), str(tmp_path / "p.csv"))
    assert rows(tmp_path / "p.csv") == [
        [
            *("path", "split", "kind", "predicted/kind", "probability/kind"),
            *("tags", "predicted/tags", "probability/tags"),
        ],
        ["1.jpg", "train", "a", "a", "0.75", "x|y", "x|y", "0.75"],
        ["2.jpg", "validation", "", "a", "0.5", "y", "y", "0.75"],
        ["3.jpg", "test", "b", "a", "0.75", "", "", "0.75"],
    ]


def test_a_task_without_labels_is_predicted_all_the_same():
    outcome = of_two_tasks()
    of_kind = outcome.examples.tasks["kind"]
    without = outcome._replace(examples=made_up(outcome.examples.paths, kind=of_kind.cells))
    assert list(task_columns(without, "tags", "/tags")) == ["predicted/tags", "probability/tags"]
    assert list(task_columns(without, "kind")) == ["kind", "predicted", "probability"]


def test_a_table_is_written_as_it_is_without_its_index(tmp_path):
    table = pd.DataFrame({"path": ["a/1.jpg"], "reason": ["empty file"]}, index=[7])
    write_table(str(tmp_path / "skipped.csv"), table)
    assert (tmp_path / "skipped.csv").read_bytes() == b"path,reason\na/1.jpg,empty file\n"
    write_table(str(tmp_path / "skipped.csv"), table[:0])
    assert (tmp_path / "skipped.csv").read_text() == "path,reason\n"
