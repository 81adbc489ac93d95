import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.head_search.folds import cross_validation, one_fold
from retrain.head_search.task_candidates import TaskCandidates, centred, held_out, size_of
from retrain.heads.softmax import SoftmaxHead
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b"])
FEATURES = np.array([[0, 1], [2, 1], [4, 1], [6, 5]], np.float32)
WEIGHTS = np.array([1, 2, 3, 2], np.float32)
LABELS = np.array([[0, 0, 0, 1], [1, 0, 1, 0]], np.int32)
FOLDS = np.array([[0, 1, 0, 1], [1, 1, 0, 0]])
CANDIDATES = [candidate(0.1, 0.0, batch_size=3), candidate(0.1, 0.0, batch_size=4)]


def tasks(in_folds: bool) -> list[TaskCandidates]:
    examples = [TaskExamples(FEATURES, labels, WEIGHTS) for labels in LABELS]
    validation = [of.rows(slice(2)) for of in examples]
    if in_folds:
        folds = [cross_validation(*of) for of in zip(examples, FOLDS, strict=True)]
    else:
        folds = [one_fold(*of) for of in zip(examples, validation, strict=True)]
    return [TaskCandidates(HEAD, CANDIDATES, of) for of in folds]


def test_the_problem_has_the_size_of_one_task():
    assert size_of(tasks(in_folds=True)) == (2, 2, 2, 4)


def test_examples_have_the_labels_of_all_tasks_and_are_weighted_in_each_way():
    data = centred(tasks(in_folds=False), [(0, "balanced"), (1, "none")], memory=10**6)
    np.testing.assert_array_equal(data.labels, LABELS.T)
    np.testing.assert_array_equal(data.centre, [3, 2])
    np.testing.assert_array_equal(data.resident.features, FEATURES)
    np.testing.assert_array_equal(data.resident.centre, [3, 2])
    assert data.mean_square == np.mean((FEATURES - [3, 2]) ** 2)
    balanced = WEIGHTS * np.array([2 / 3, 2 / 3, 2 / 3, 2])
    np.testing.assert_allclose(data.weights, np.stack([balanced, WEIGHTS], axis=1)[:, None], rtol=1e-6)
    assert data.shifts is None
    assert centred(tasks(in_folds=False), [(0, "none")], memory=0).resident is None


def test_each_task_has_its_own_folds():
    data = centred(tasks(in_folds=True), [(0, "none"), (1, "none")], memory=10**6)
    for place, fold_of in enumerate(FOLDS):
        for fold in range(2):
            kept = fold_of != fold
            expected = np.where(kept, WEIGHTS * 8 / WEIGHTS[kept].sum(), 0)
            np.testing.assert_allclose(data.weights[:, fold, place], expected, rtol=1e-6)
            np.testing.assert_allclose(data.shifts[fold, place], FEATURES[kept].mean(0) - [3, 2])


def test_heads_are_judged_by_the_labels_of_all_tasks():
    [data] = held_out(tasks(in_folds=False), np.zeros(2, np.float32), memory=10**6)
    np.testing.assert_array_equal(data.labels, LABELS.T[:2])
    np.testing.assert_array_equal(data.weights, WEIGHTS[:2, None, None])
    of_folds = held_out(tasks(in_folds=True)[:1], np.zeros(2, np.float32), memory=10**6)
    assert [of.labels.tolist() for of in of_folds] == [[[0], [0]], [[0], [1]]]
