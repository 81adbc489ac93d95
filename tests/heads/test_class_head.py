import math

import numpy as np
import pytest

from retrain.errors import InputError
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead("ab")


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    return str(raised.value)


def test_too_few_classes():
    assert sentence(SoftmaxHead.classes_in, "kind", ["x", None, "x"]) == (
        "A softmax head needs 2 classes or more, and task 'kind' has 1 ('x'): label images of others, or "
        "name other columns with --tasks."
    )
    assert SigmoidHead.classes_in("kind", ["x", None]) == ["x"]
    assert sentence(SigmoidHead.classes_in, "kind", ["", None]) == (
        "A sigmoid head needs 1 class or more, and task 'kind' has 0 (none): label images of others, or "
        "name other columns with --tasks."
    )


def test_free_text():
    captions = [f"this is picture {index}" for index in range(30)]
    assert sentence(SigmoidHead.classes_in, "caption", captions) == (
        "Task 'caption' has 30 classes ('this is picture 0', 'this is picture 1', 'this is picture 10', ...) "
        "on 30 images, which is free text rather than labels: name other columns with --tasks, or see "
        "what stands between labels (--label_separator)."
    )
    assert len(SoftmaxHead.classes_in("caption", captions[:20])) == 20
    assert len(SoftmaxHead.classes_in("caption", captions * 2)) == 30


def test_many_class_folders_are_no_text():
    names = [f"person {index:02}" for index in range(30)]
    assert SoftmaxHead.classes_of_folders(names[::-1]) == names


def test_a_folder_that_is_read_as_two_classes():
    assert SoftmaxHead.classes_of_folders(["c", "a|b"]) == ["a|b", "c"]
    assert sentence(SigmoidHead.classes_of_folders, ["c", "a|b"]) == (
        "The class folder 'a|b' has a name that a sigmoid head reads as several classes: rename it."
    )


def test_strata_are_the_sets_of_labels():
    labels = SigmoidHead("ab").encode(["a", "a|b", "?a", "a", None, "b|a"])
    strata = SigmoidHead("ab").strata(labels)
    assert [strata.tolist().index(stratum) for stratum in strata] == [0, 1, 2, 0, 4, 1]
    assert HEAD.strata(np.array([1, 0, 1, -1])).tolist() == [2, 1, 2, 0]


def test_chance_is_of_equal_probabilities_of_two_classes_or_more():
    assert SoftmaxHead("abcd").chance_loss == math.log(4)
    assert SigmoidHead("a").chance_loss == math.log(2)


def test_a_class_that_is_not_seen_cannot_be_known():
    labels = SigmoidHead("abc").encode(["a", "a|b", "c|a", "", None])
    seen = np.array([True, False, False, True, True])
    assert SigmoidHead("abc").of_unseen(labels, seen).tolist() == [False, True, True, False, False]
    assert HEAD.of_unseen(np.array([0, 1, 0, -1]), np.array([True, False, False, True])).tolist() == [
        *(False, True, False, False)
    ]


def figures(accuracy: float, **f1: float):
    return {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.1, accuracy + 0.05],
        "count": 40,
        "classes": {name: {"f1": value, "count": 10} for name, value in f1.items()},
    }


def test_accuracy_comes_with_its_interval_and_the_hardest_classes():
    of = figures(0.9, a=0.95, b=0.5, c=1.0, d=0.75, e=0.8)
    of["classes"]["d"]["count"] = 1
    assert HEAD.headline(of, "test") == (
        "Test accuracy 90.0% (80.0% to 95.0%, 40 images); lowest F1: b 0.50 (10 images), d 0.75 (1 image), "
        "e 0.80 (10 images)"
    )


def test_what_is_right_or_not_there_is_not_hard():
    of = figures(0.9, a=1.0, b=0.0)
    of["classes"]["b"]["count"] = 0
    assert HEAD.headline(of) == "Accuracy 90.0% (80.0% to 95.0%, 40 images)"


def test_the_other_headlines_come_last():
    of = {**figures(0.8, a=0.9), "macro_f1": 0.75}
    assert SigmoidHead("a").headline(of, "validation", "tags") == (
        "Validation exact match of tags 80.0% (70.0% to 85.0%, 40 images); lowest F1: a 0.90 (10 "
        "images); macro F1 75.0%"
    )


def test_facts_about_labels():
    head = SigmoidHead(("big", "red", "small"))
    labels, trained_on = ["red|big", None, "?small", "red", ""], [True, True, False, False, True]
    assert head.label_facts(labels, trained_on) == {
        "head": "sigmoid",
        "labelled": 4,
        "classes": {"big": 1, "red": 2, "small": 1},
        "not_in_train": ["small"],
    }


def test_facts_in_words():
    facts = {"labelled": 9, "classes": {"a": 4, "b": 2, "c": 3}, "not_in_train": []}
    assert HEAD.facts_line(facts) == "3 classes on 9 images; smallest 'b' (2), largest 'a' (4)."
    missing = {"labelled": 8, "classes": dict.fromkeys("abcd", 2), "not_in_train": list("abcd")}
    assert HEAD.facts_line(missing) == ("4 classes on 8 images; 2 each. Not in train: 'a', 'b', 'c', ....")
