import pandas as pd
import pytest

from retrain.data.corrections import EARLIER, Corrections
from retrain.report.comparison import comparison_lines
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted

PATHS = [f"{number}.jpg" for number in range(5)]
# Right are those of the rows 0 and 3; the label of row 1 was b in the earlier run.
EXAMPLES = made_up(PATHS, kind=["a", "a", "b", "a", "b"])
PROBABILITIES = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3], [0.8, 0.2]]


def earlier(split: str, *rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame([(path, "kind", split, label, found) for path, label, found in rows], columns=EARLIER)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_both_runs_are_judged_by_the_same_images_and_labels(split):
    rows = [
        ("0.jpg", "a", "b"),
        ("1.jpg", "b", "b"),
        ("3.jpg", "a", "a"),
        ("4.jpg", "gone", "a"),
        ("9.jpg", "a", "a"),
    ]
    outcome = predicted(EXAMPLES.with_splits([split] * 5), PROBABILITIES)
    outcome = outcome._replace(corrections=Corrections({}, earlier(split, *rows)))
    assert comparison_lines(outcome) == [
        f"On the same 3 {split} images: accuracy 66.7% in the earlier run (33.3% with the 1 label corrected "
        "among them), 66.7% now."
    ]


def test_where_none_of_these_was_corrected_there_are_two_figures_and_images_of_another_split_do_not_count():
    examples = EXAMPLES.with_splits(["test", "train", "test", "validation", "test"])
    rows = [("0.jpg", "a", "b"), ("1.jpg", "a", "b"), ("2.jpg", "b", "b")]
    outcome = predicted(examples, PROBABILITIES, corrections=Corrections({}, earlier("test", *rows)))
    assert comparison_lines(outcome) == [
        "On the same 2 test images: accuracy 50.0% in the earlier run, 50.0% now."
    ]


def test_a_copy_with_the_corrected_rows_alone_is_not_compared():
    examples = EXAMPLES.with_splits(["test"] * 5)
    rows = [("1.jpg", "b", "b"), ("3.jpg", "b", "a")]
    outcome = predicted(examples, PROBABILITIES, corrections=Corrections({}, earlier("test", *rows)))
    assert comparison_lines(outcome) == [
        "Nothing is compared with the earlier run: --corrections has 2 of 5 test images of 'kind'; a copy "
        "with all rows of label_issues.csv tells what they have brought."
    ]


def test_without_an_earlier_run_there_is_nothing_to_compare():
    assert comparison_lines(of_two_tasks()) == []
    nothing_said = pd.DataFrame([("1.jpg", "kind", "", "", "")], columns=EARLIER)
    assert comparison_lines(of_two_tasks(corrections=Corrections({}, nothing_said))) == []


def test_every_task_that_the_file_tells_of():
    rows = [("3.jpg", "kind", "test", "b", "b"), ("2.jpg", "tags", "validation", "y", "")]
    corrections = Corrections({}, pd.DataFrame(rows, columns=EARLIER))
    assert comparison_lines(of_two_tasks(corrections=corrections)) == [
        "On the same 1 test image: accuracy of kind 100.0% in the earlier run, 0.0% now.",
        "On the same 1 validation image: exact match of tags 0.0% in the earlier run, 100.0% now.",
    ]
