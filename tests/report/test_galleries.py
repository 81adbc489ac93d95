import numpy as np
import pandas as pd

from retrain.report.galleries import OF_A_SET, SETS, duplicate_galleries, task_galleries, unfamiliar_galleries
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted


class Names:
    """Stands for Thumbnails: a picture is called after its path."""

    def of(self, path: str) -> str:
        return f"picture of {path}"


def outcome(**others):
    examples = made_up(["1.jpg", "2.jpg", "3.jpg", "4.jpg"], kind=["a", "b", "b", "a"])
    probabilities = [[0.25, 0.75], [0.875, 0.125], [0.375, 0.625], [0.75, 0.25]]
    return predicted(examples.with_splits(["test", "test", "test", "train"]), probabilities, **others)


def lines(gallery) -> list[tuple[str, list[str]]]:
    [row] = gallery.rows
    return [(tile.path, [text for _, text in tile.lines]) for tile in row]


def test_mistakes_are_shown_the_most_confident_first():
    mistakes, _ = task_galleries(outcome(), "kind", "test", Names())
    assert mistakes.title == "Mistakes on test images (2 of 3)"
    assert lines(mistakes) == [("2.jpg", ["a 88%", "labelled b"]), ("1.jpg", ["b 75%", "labelled a"])]
    assert mistakes.rows[0][0].picture == "picture of 2.jpg"


def test_what_is_least_certain_has_its_most_probable_classes():
    _, uncertain = task_galleries(outcome(), "kind", "test", Names())
    assert uncertain.title == "Least certain test images"
    assert uncertain.note == (
        "Less than 90% certain, beside the mistakes that are shown, with their most probable classes. More "
        "images like these teach the most."
    )
    assert lines(uncertain) == [("3.jpg", ["b 62%", "a 38%", "labelled b"])]


def test_mistakes_that_are_not_shown_may_be_among_the_least_certain(monkeypatch):
    monkeypatch.setattr("retrain.report.galleries.MISTAKES", 1)
    _, uncertain = task_galleries(outcome(), "kind", "test", Names())
    assert [path for path, _ in lines(uncertain)] == ["3.jpg", "1.jpg"]


def test_where_all_is_certain_nothing_is_least_certain():
    examples = made_up(["1.jpg", "2.jpg"], kind=["a", "b"], tags=["x|y", "y"]).with_splits(["test"] * 2)
    certain = predicted(examples, [[1.0, 0.0], [0.05, 0.95]], [[0.95, 0.95], [0.125, 1.0]])
    assert task_galleries(certain, "kind", "test", Names()) == []
    [uncertain] = task_galleries(certain, "tags", "test", Names())
    assert [path for path, _ in lines(uncertain)] == ["2.jpg"]


def test_labels_in_doubt_of_the_task_the_worst_first():
    columns = ["path", "task", "label", "suggested", "support", "in_doubt"]
    rows = [
        ("1.jpg", "kind", "a", "b", 0.5, True),
        ("2.jpg", "kind", "b", "a", 0.25, True),
        ("3.jpg", "kind", "b", "a", 0.75, False),
        ("3.jpg", "other", "b", "a", 0.125, True),
        ("4.jpg", "kind", "b", "a", 0.375, False),
        ("5.jpg", "kind", "a", "a", 0.375, False),
    ]
    doubtful = task_galleries(
        outcome(label_issues=pd.DataFrame(rows, columns=columns)), "kind", "test", Names()
    )[-1]
    assert (doubtful.title, doubtful.in_doubt) == ("Labels in doubt (2 of 5)", 2)
    assert doubtful.note == (
        "Those that are called so are in doubt; the others are ranked between them. What heads think that "
        "have not seen the image. Where you agree, write the right label into the column “corrected” of "
        "label_issues.csv, which ranks all others, too; then train again with --corrections."
    )
    assert lines(doubtful) == [
        ("2.jpg", ["in doubt", "labelled b", "rather a?"]),
        ("4.jpg", ["labelled b", "rather a?"]),
        ("1.jpg", ["in doubt", "labelled a", "rather b?"]),
    ]
    assert [tile.lines[-1][0] for tile in doubtful.rows[0]] == ["wrong", "plain", "wrong"]


def test_where_all_that_is_shown_is_in_doubt_it_is_not_said_of_each():
    row = {"path": "1.jpg", "task": "kind", "label": "a", "suggested": "b", "support": 0.5, "in_doubt": True}
    doubtful = task_galleries(outcome(label_issues=pd.DataFrame([row])), "kind", "test", Names())[-1]
    assert doubtful.note.startswith("What heads think that have not seen the image. ")
    assert lines(doubtful) == [("1.jpg", ["labelled a", "rather b?"])]


def test_nothing_is_shown_of_images_without_a_label():
    assert task_galleries(of_two_tasks(), "kind", "validation", Names()) == []


def test_copies_and_labels_that_contradict_each_other():
    facts = {
        "near_duplicates": [["1.jpg", "2.jpg"], ["3.jpg", "4.jpg"]],
        "label_conflicts": [{"labels": {"1.jpg": "a", "2.jpg": "b"}}],
    }
    conflicts, near = duplicate_galleries(facts, Names())
    assert (conflicts.title, near.title) == ("Copies with different labels (1)", "Near duplicates (2 sets)")
    assert [(tile.path, tile.lines) for tile in conflicts.rows[0]] == [
        ("1.jpg", [("plain", "a")]),
        ("2.jpg", [("plain", "b")]),
    ]
    assert [[tile.path for tile in row] for row in near.rows] == [["1.jpg", "2.jpg"], ["3.jpg", "4.jpg"]]
    assert duplicate_galleries({}, Names()) == []


def test_of_many_copies_some_are_shown():
    [near] = duplicate_galleries({"near_duplicates": [["1.jpg"] * 50] * 50}, Names())
    assert [len(row) for row in near.rows] == [1] * SETS
    [near] = duplicate_galleries({"near_duplicates": [[f"{at}.jpg" for at in range(50)]]}, Names())
    assert [len(row) for row in near.rows] == [OF_A_SET]


def test_what_is_least_familiar_is_shown_first():
    strange = outcome(familiarity=np.array([0.5, 0.01, 0.04, 0.9]))
    [gallery] = unfamiliar_galleries(strange, Names())
    assert gallery.title == "Least familiar images (2 of 4 are below 0.05)"
    assert gallery.note == (
        "Familiarity of an image is the share of known images that are no more like those trained on than it "
        "is; below 0.05 it counts as unfamiliar, as 5 % of known images do: for such an image predict "
        "--reject_unfamiliar gives no class."
    )
    assert lines(gallery) == [
        *(("2.jpg", ["0.010"]), ("3.jpg", ["0.040"]), ("1.jpg", ["0.500"]), ("4.jpg", ["0.900"])),
    ]
    assert [tile.lines[0][0] for tile in gallery.rows[0]] == ["wrong", "wrong", "plain", "plain"]
    assert unfamiliar_galleries(outcome(), Names()) == []
    of_some = outcome(familiarity=np.array([0.5, np.nan, 0.04, np.nan]))
    [gallery] = unfamiliar_galleries(of_some, Names())
    assert gallery.title == "Least familiar images (1 of 2 are below 0.05)"
    assert [path for path, _ in lines(gallery)] == ["3.jpg", "1.jpg"]
