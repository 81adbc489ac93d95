import numpy as np

from retrain.examples.labelled import LabelledExamples
from retrain.head_search.folds import assign_folds
from retrain.head_search.starts import Start
from retrain.head_search.task_search import alike, choosing_folds, task_searches
from tests.examples.worlds import made_up

COUNT = 12
START = Start(np.ones([2, 2], np.float32), np.ones(2, np.float32))


def examples() -> LabelledExamples:
    """Of four tasks: `mood` has a class more, `size` no label of the first image."""
    kinds, sizes = ["a", "b"] * 6, [None, "s"] + ["l", "s"] * 5
    moods = ["sad", "gay", "shy"] * 4
    made = made_up(
        [f"{row}.jpg" for row in range(COUNT)], kind=kinds, size=sizes, mood=moods, twin=kinds[::-1]
    )
    features = np.arange(2 * COUNT, dtype=np.float32).reshape(COUNT, 2)
    return made.with_splits(["train"] * 8 + ["validation"] * 3 + ["test"]).with_features(features)


def test_tasks_are_alike_with_labels_of_the_same_images_and_as_many_classes():
    assert alike(examples(), ["kind", "size", "mood", "twin"]) == [["kind", "twin"], ["size"], ["mood"]]
    assert alike(examples(), ["twin", "size"]) == [["twin"], ["size"]]


def test_they_share_their_features():
    of = examples()
    kind, twin = task_searches(of, ["kind", "twin"], {"twin": START}, seed=1).values()
    assert kind.train.features is twin.train.features
    assert kind.validation.features is twin.validation.features
    for name, search in {"kind": kind, "twin": twin}.items():
        splits = of.by_split(name)
        for split, found in {"train": search.train, "validation": search.validation}.items():
            for values, expected in zip(found, splits[split], strict=True):
                np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(search.fold_of, choosing_folds(of, name, 1))
        assert search.head is of.heads[name]
    assert (kind.start, twin.start) == (None, START)


def test_only_images_with_a_label_are_searched_by():
    [size] = task_searches(examples(), ["size"], {}, seed=0).values()
    np.testing.assert_array_equal(size.train.features, examples().features[1:8])
    assert len(size.fold_of) == 7


def test_without_validation():
    of = examples().with_splits(["train"] * COUNT)
    assert task_searches(of, ["kind"], {}, seed=0)["kind"].validation is None


def test_images_of_a_group_lie_in_one_fold():
    groups = [str(row % 5) for row in range(COUNT)]
    fold_of = choosing_folds(examples().with_groups(groups), "kind", 3)
    np.testing.assert_array_equal(fold_of, assign_folds(np.array([0, 1] * 4), groups[:8], 5, 3))
