import numpy as np
import tensorflow as tf

from retrain.report.outcome import figures_by_split
from retrain.report.task_page import task_page
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted
from tests.report.test_galleries import Names


def with_figures(outcome, *splits: str):
    return outcome._replace(
        figures=figures_by_split(outcome.examples, outcome.heads, outcome.probabilities, splits)
    )


def test_the_page_is_about_the_test_where_there_is_one():
    outcome = of_two_tasks()
    kind = task_page(with_figures(outcome, "train", "validation", "test"), "kind", Names())
    assert (kind.name, kind.split) == ("kind", "test")
    assert [headline.of for headline in kind.headlines] == ["One image kept for a test"]
    assert kind.headlines[0].big == "0.0%"
    expected = "One image says no more than that: on others like them expect 0% to 79%."
    assert kind.headlines[0].note == expected
    tags = task_page(with_figures(outcome, "validation"), "tags", Names())
    assert (tags.split, [headline.of for headline in tags.headlines]) == (
        "validation",
        ["One image held out for validation"],
    )
    assert tags.headlines[0].note.startswith(
        "An image is right when all of its labels are. One image says no more"
    )


def of_an_evaluation(unseen: list[str], splits: list[str]):
    """Figures as evaluate makes them, of images of which some are unseen, and given splits."""
    labels, taken = ["a", "a", "b", "b"], [0, 1, 1, 1]
    examples = made_up([f"{index}.jpg" for index in range(4)], kind=labels).with_splits(splits)
    outcome = predicted(examples, 0.5 * np.eye(2)[taken] + 0.25)

    def of(splits, *told):
        return figures_by_split(examples.with_splits(splits), outcome.heads, outcome.probabilities, told)

    every = of(["evaluation"] * 4, "evaluation")
    every["evaluation"] |= {"trained_on": unseen.count(""), "chosen_by": 0}
    given = of(splits, *dict.fromkeys(splits)) if splits[0] != "evaluation" else {}
    return outcome._replace(figures=every | given | of(unseen, "not_seen_in_training"))


def headlines(unseen: list[str], splits: list[str]) -> list[str]:
    return [told.of for told in task_page(of_an_evaluation(unseen, splits), "kind", Names()).headlines]


def test_of_an_evaluation_the_same_figures_are_told_once():
    new, evaluation = "not_seen_in_training", ["evaluation"] * 4
    assert headlines([new] * 4, evaluation) == ["4 images evaluated that it was not trained on"]
    assert headlines(["", "", new, ""], evaluation) == [
        "4 images evaluated",
        "One image that it was not trained on",
    ]
    assert headlines([new] * 4, ["test"] * 4) == ["4 images kept for a test"]
    assert headlines(["", new, new, ""], ["train", "test", "test", "train"]) == [
        "2 images kept for a test",
        "4 images evaluated",
    ]


def test_without_figures_there_is_nothing_but_the_name():
    page = task_page(of_two_tasks(), "kind", Names())
    assert (page.split, page.headlines, page.classes, page.confusions, page.plots) == ("", [], {}, [], {})


def test_one_task_needs_no_name():
    examples = made_up(["1.jpg", "2.jpg"], kind=["a", "b"]).with_splits(["test", "test"])
    assert task_page(predicted(examples, [[1.0, 0.0], [0.0, 1.0]]), "kind", Names()).name == ""


def of_three_classes():
    labels = ["a", "a", "b", "b", "c", "c"]
    taken = [0, 1, 2, 2, 2, 0]
    examples = made_up([f"{index}.jpg" for index in range(6)], kind=labels).with_splits(["test"] * 6)
    return with_figures(predicted(examples, 0.7 * np.eye(3)[taken] + 0.1), "test")


def test_the_hardest_class_is_first_and_confusions_the_most_frequent_first():
    page = task_page(of_three_classes(), "kind", Names())
    assert list(page.classes) == ["b", "c", "a"]
    assert page.columns == ["precision", "recall", "f1"]
    assert page.confusions == [("b", "c", 2), ("a", "b", 1), ("c", "a", 1)]
    assert list(page.plots) == ["What is taken for what", "Is it right as often as it is sure?"]


def test_confusions_of_many_classes_are_those_that_are_listed(monkeypatch):
    monkeypatch.setattr("retrain.heads.metrics.MATRIX", 2)
    page = task_page(of_three_classes(), "kind", Names())
    assert page.confusions == [("b", "c", 2), ("a", "b", 1), ("c", "a", 1)]
    assert list(page.plots) == ["Is it right as often as it is sure?"]


def test_calibration_is_shown_before_and_after():
    outcome = of_three_classes()
    head = outcome.heads["kind"].replaced(temperature=2.0)
    logits = np.log(outcome.probabilities["kind"]).astype(np.float32)
    outcome = outcome._replace(
        heads={"kind": head},
        logits={"kind": logits},
        probabilities={"kind": head.probabilities(tf.constant(logits)).numpy()},
    )
    plot = task_page(outcome, "kind", Names()).plots["Is it right as often as it is sure?"]
    assert "before calibration" in plot
    alone = task_page(outcome._replace(logits={}), "kind", Names()).plots[
        "Is it right as often as it is sure?"
    ]
    assert "before calibration" not in alone


def test_labels_that_are_there_or_not_have_curves_and_thresholds():
    examples = made_up(["1.jpg", "2.jpg"], tags=["x|y", "y"]).with_splits(["test", "test"])
    page = task_page(with_figures(predicted(examples, [[0.75, 0.75], [0.25, 0.75]]), "test"), "tags", Names())
    assert list(page.plots) == [
        "Is it right as often as it is sure?",
        "Precision, recall, and the threshold of each class",
    ]
    assert "threshold" in page.columns
