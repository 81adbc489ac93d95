import pandas as pd
import pytest

from retrain.api.run_figures import best_split, confusion_counts, figures_of, how_sure, tasks_of
from retrain.errors import InputError

ONE = {
    "validation": {"accuracy": 0.5, "count": 2},
    "test": {"accuracy": 0.75, "classes": {"a": {}, "b": {}}, "confusion_matrix": [[2, 1], [0, 1]]},
    "global_step": 7,
}
SEVERAL = {
    "test": {
        "loss": 1.0,
        "accuracy/kind": 0.75,
        "confusion_matrix/kind": [[1]],
        "classes/kind": {"a": {}},
        "accuracy/tags": 0.5,
    }
}
TABLE = pd.DataFrame(
    {
        "path": ["1", "2", "3", "4"],
        "split": ["train", "test", "test", "test"],
        "kind": ["a", "a", "b", ""],
        "predicted/kind": ["a", "a", "a", "a"],
        "probability/kind": [0.9, 0.8, 0.7, 0.6],
    }
)


def sentence(function, *given):
    with pytest.raises(InputError) as raised:
        function(*given)
    return str(raised.value)


def test_the_split_that_says_most():
    assert best_split(ONE) == "test"
    assert best_split({"global_step": 7, "cross_validation": {}}) == "cross_validation"
    assert sentence(best_split, {"global_step": 7}) == "There are no figures: no image was held out."


def test_counts_of_many_classes_are_made_of_the_mistakes():
    classes = {"a": {"count": 3}, "b": {"count": 1}, "c": {"count": 0}}
    figures = {"test": {"accuracy": 0.5, "classes": classes, "confusions": [["a", "b", 1], ["b", "c", 1]]}}
    assert confusion_counts(figures, None, None).to_numpy().tolist() == [[2, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_figures_of_a_task():
    assert tasks_of(ONE, "test") == []
    assert tasks_of(SEVERAL, "test") == ["kind", "tags"]
    assert figures_of(ONE, "validation", None) == {"accuracy": 0.5, "count": 2}
    assert figures_of(SEVERAL, "test", None)["accuracy"] == 0.75
    assert figures_of(SEVERAL, "test", "tags") == {"accuracy": 0.5}
    assert sentence(figures_of, ONE, "tests", None) == (
        "'tests' is no split that has figures: choose from validation, test; did you mean 'test'?"
    )
    assert sentence(figures_of, ONE, "test", "kind") == "There is one task only: leave task= out."
    assert sentence(figures_of, SEVERAL, "test", "x") == "'x' is no task: choose from kind, tags."


def test_counts_of_what_is_taken_for_what():
    counts = confusion_counts(ONE, None, None)
    assert counts.loc["a", "b"] == 1
    assert counts.index.name == "label"
    assert confusion_counts(SEVERAL, "test", "kind").index.name == "kind"
    assert sentence(confusion_counts, SEVERAL, "test", "tags") == (
        "That is told of a task in which an image has one class; report.html shows that of others."
    )


def test_how_sure_of_those_that_have_a_label():
    sure, right = how_sure(SEVERAL, TABLE, "test", "kind")
    assert sure.tolist() == [0.8, 0.7]
    assert right.tolist() == [True, False]
    table = TABLE.rename(columns=lambda name: name.removesuffix("/kind"))
    assert how_sure(ONE, table, "test", None).sure.tolist() == [0.8, 0.7]
    assert how_sure(SEVERAL, TABLE, None, None).sure.tolist() == [0.8, 0.7]
    assert sentence(how_sure, {**ONE, "folds": ONE["test"]}, table, "folds", None) == (
        "predictions.csv has no images of the split 'folds': name another."
    )
