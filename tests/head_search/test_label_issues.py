import dataclasses

import numpy as np
import pandas as pd
import pytest
from absl import logging

from retrain.examples.labelled import LabelledExamples, TaskExamples, encoded
from retrain.head_search import train_candidates
from retrain.head_search.label_issues import check_labels, label_issues_line, out_of_sample_probabilities
from retrain.head_search.train_candidates import tasks_out_of_sample
from retrain.heads.head import Head
from retrain.heads.leading_classes import LeadingClasses
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b", "c"])
CANDIDATE = candidate(0.5, 1e-3, max_steps=40, batch_size=20)


def make_examples(labels: np.ndarray, kinds: np.ndarray) -> TaskExamples:
    """Features say the kind; labels say what they like."""
    noise = np.random.default_rng(0).normal(0.0, 0.1, [len(labels), 3])
    features = (np.eye(3)[kinds] + noise).astype(np.float32)
    return TaskExamples(features, labels, np.ones(len(labels), np.float32))


def alone(count: int) -> list[str]:
    return [str(row) for row in range(count)]


def test_wrong_labels_are_improbable_and_others_are_not():
    kinds = (np.arange(60) % 3).astype(np.int32)
    labels = kinds.copy()
    labels[:3] = [1, 2, 0]
    _, probabilities = out_of_sample_probabilities(HEAD, CANDIDATE, make_examples(labels, kinds), alone(60))
    given = probabilities[np.arange(60), labels]
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert set(given.argsort()[:3]) == {0, 1, 2}
    assert given[3:].min() > 0.5


def test_a_head_has_not_seen_what_it_judges():
    random = np.random.default_rng(1)
    examples = TaskExamples(
        random.normal(size=[60, 200]).astype(np.float32),
        random.integers(3, size=60).astype(np.int32),
        np.ones(60, np.float32),
    )
    _, probabilities = out_of_sample_probabilities(
        HEAD, dataclasses.replace(CANDIDATE, learning_rate=0.01, l2_regularizer=0.0), examples, alone(60)
    )
    assert np.mean(probabilities.argmax(axis=1) == examples.labels) < 0.6


def test_an_example_of_a_class_that_no_other_fold_has_is_not_judged():
    kinds = (np.arange(31) % 2).astype(np.int32)
    kinds[30] = 2
    judged, probabilities = out_of_sample_probabilities(
        HEAD, CANDIDATE, make_examples(kinds, kinds), alone(31)
    )
    assert judged.tolist() == [True] * 30 + [False]
    assert probabilities.shape == (30, 3)
    assert np.isfinite(probabilities).all()


@pytest.mark.filterwarnings("error")
def test_labels_of_several_classes_and_gaps():
    head = SigmoidHead(["a", "b", "c"])
    kinds = np.arange(60) % 3
    labels = np.eye(3, dtype=np.float32)[kinds]
    labels[5, 0], labels[6, 1] = np.nan, 1.0
    _, probabilities = out_of_sample_probabilities(head, CANDIDATE, make_examples(labels, kinds), alone(60))
    assert (probabilities[np.arange(60), kinds] > 0.5).all()
    assert head.doubts(labels, probabilities).support.argmin() == 6


COUNT = 40
LONG = candidate(0.5, 1e-3, max_steps=120)
ISSUES = pd.DataFrame(
    {
        "path": ["1.jpg", "2.jpg", "1.jpg"],
        "label": ["a", "b", "x|y"],
        "suggested": ["a", "a", "y"],
        "support": [0.8, 0.1, 0.3],
        "in_doubt": [False, True, True],
    }
)


def labelled(heads: dict[str, Head], weights: float | list[float] = 1.0) -> LabelledExamples:
    """Image 4 has the wrong kind, 7 the wrong tags; 9 has no kind."""
    kinds = np.arange(COUNT) % 2
    cells = {"kind": np.array(["a", "b"], object)[kinds], "tags": np.array(["x", "x|y"], object)[kinds]}
    cells["kind"][4], cells["kind"][9], cells["tags"][7] = "b", None, "x"
    paths = [f"{row:02}.jpg" for row in range(COUNT)]
    table = pd.DataFrame({"path": paths, "group": paths, "split": "train", "weight": weights})
    features = (np.eye(2)[kinds] + np.random.default_rng(0).normal(0, 0.1, [COUNT, 2])).astype(np.float32)
    tasks = {task: encoded(head, cells[task].tolist()) for task, head in heads.items()}
    return LabelledExamples("photos", table, tasks, features)


def test_wrong_labels_of_every_task_are_the_worst(monkeypatch):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    examples = labelled({"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["x", "y"])})
    found = check_labels(examples, {"kind": LONG, "tags": LONG}).issues.sort_values("support")
    assert sorted(found[["path", "task", "label", "suggested"]].values.tolist()[:2]) == [
        ["04.jpg", "kind", "b", "a"],
        ["07.jpg", "tags", "x", "x|y"],
    ]
    assert found["in_doubt"].sum() == 2
    assert len(found) == 2 * COUNT - 1
    assert logged[-1].startswith("Labels: 2 of 79 are in doubt, such as that of ")


@pytest.mark.parametrize("fit", [True, False])
def test_progress_is_that_of_the_label_check(monkeypatch, fit):
    told = []
    monkeypatch.setattr(train_candidates, "folds_fit", lambda size, memory: fit)
    monkeypatch.setattr(train_candidates, "progress", lambda steps, *of: told.append(of[1]) or steps)
    check_labels(labelled({"kind": SoftmaxHead(["a", "b"])}), {"kind": LONG})
    assert set(told) == {"label check"}


def test_tasks_that_are_alike_are_judged_at_once_and_as_they_are_alone():
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["x", "y"])}
    of = labelled(heads)
    cells = ["a" if row % 4 else "b" for row in range(COUNT)]
    cells[9] = None
    twin = encoded(SoftmaxHead(["a", "b"]), cells)
    examples = dataclasses.replace(of, tasks={**of.tasks, "twin": twin})
    chosen = {"kind": LONG, "tags": LONG, "twin": candidate(0.1, 1e-2, max_steps=60)}
    together = check_labels(examples, chosen)
    assert list(together.labels) == list(together.probabilities) == list(chosen)
    for task, of_task in chosen.items():
        alone, told = check_labels(examples, {task: of_task}), together.issues
        np.testing.assert_array_equal(together.labels[task], alone.labels[task])
        np.testing.assert_allclose(together.probabilities[task], alone.probabilities[task], atol=1e-5)
        of_issues = told[told["task"] == task].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_issues, alone.issues, rtol=1e-4)


def test_each_label_counts_the_same_whatever_its_image_weighs():
    heads = {"kind": SoftmaxHead(["a", "b"])}
    plain = check_labels(labelled(heads), {"kind": LONG}).issues
    weighed = check_labels(labelled(heads, np.linspace(0.0, 2.0, COUNT).tolist()), {"kind": LONG}).issues
    pd.testing.assert_frame_equal(plain, weighed)


def test_of_many_classes_labels_are_judged_in_blocks_as_all_at_once(monkeypatch):
    examples = labelled({"kind": SoftmaxHead(["a", "b"])})
    held = check_labels(examples, {"kind": LONG})
    monkeypatch.setattr("retrain.heads.computed_rows.MANY_CLASSES", 1)
    monkeypatch.setattr("retrain.heads.computed_rows.CELLS", 14)
    found = check_labels(examples, {"kind": LONG})
    pd.testing.assert_frame_equal(found.issues, held.issues, rtol=1e-5)
    leading = found.probabilities["kind"]
    assert isinstance(leading, LeadingClasses)
    np.testing.assert_allclose(leading.max(axis=1), held.probabilities["kind"].max(axis=1), rtol=1e-5)


def test_a_fifth_of_the_steps_is_enough(monkeypatch):
    trained: list[HeadSettings] = []

    def listening(tasks, **told):
        trained.extend(tasks[0].candidates)
        return tasks_out_of_sample(tasks, **told)

    monkeypatch.setattr("retrain.head_search.label_issues.tasks_out_of_sample", listening)
    check_labels(labelled({"kind": SoftmaxHead(["a", "b"])}), {"kind": candidate(0.5, max_steps=121)})
    assert trained == [candidate(0.5, max_steps=25)]


def test_a_handful_of_labels_is_not_judged():
    examples = labelled({"kind": SoftmaxHead(["a", "b"])})
    found = check_labels(examples.rows(slice(9)), {"kind": LONG}).issues
    assert len(found) == 0
    assert {"path", "task", "label", "suggested", "probability", "support"} <= set(found.columns)
    assert len(check_labels(examples.rows(slice(11)), {"kind": LONG}).issues) == 10


def test_a_line_names_the_worst():
    assert label_issues_line(ISSUES) == (
        "Labels: 2 of 3 are in doubt, such as that of '2.jpg': labelled 'b', rather 'a'; "
        "label_issues.csv ranks them."
    )
    assert label_issues_line(ISSUES[:1]) == "Labels: none of 1 is in doubt."
    assert label_issues_line(ISSUES[:0]) == "Labels: too few to be judged by each other."
