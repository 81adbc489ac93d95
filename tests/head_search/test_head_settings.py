"""Every field of HeadSettings reaches what it is for: with another value, a search ends differently."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from retrain.examples.labelled import LabelledExamples, Task, TaskExamples
from retrain.head_search.decisions import decide_task
from retrain.head_search.search import search_tasks
from retrain.heads.head import Head
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings

BASE = HeadSettings(learning_rate=0.05, max_steps=24, batch_size=8, l2_regularizer=0.01)
# Another value of each field, and what else both runs are given.
OTHER = {
    "learning_rate": 0.1,
    "max_steps": 36,
    "train_epochs": 9.0,
    "batch_size": 12,
    "dropout_rate": 0.5,
    "label_smoothing": 0.2,
    "l1_regularizer": 0.05,
    "l2_regularizer": 0.5,
    "class_weights": "balanced",
    "seed": 1,
    "calibrate": False,
}
BESIDE = {"train_epochs": {"max_steps": None, "train_epochs": 4.0}}
HEADS = {"softmax": SoftmaxHead(["a", "b", "c"]), "sigmoid": SigmoidHead(["a", "b", "c"])}


class Outcome(NamedTuple):
    """What a search comes to: the head's weights, and what is decided of it."""

    kernel: np.ndarray
    bias: np.ndarray
    decisions: dict[str, Any]


def make_split(head: Head, count: int, seed: int) -> TaskExamples:
    """More of the first class; features that say the class, but not always."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % 6 // 3 * (1 + np.arange(count) % 2)
    labels = head.encode([head.class_names[index] for index in classes])
    features = (np.eye(3, 5)[classes] + random.normal(1.0, 0.7, [count, 5])).astype(np.float32)
    return TaskExamples(features, labels, np.ones(count, np.float32))


def outcome(settings: HeadSettings, head: Head, **weights: np.ndarray) -> Outcome:
    """Of a search; `weights` are those of the examples of a split."""
    splits = {"train": make_split(head, 36, 0), "validation": make_split(head, 18, 1)}
    splits |= {name: splits[name]._replace(weights=values) for name, values in weights.items()}
    best = search_tasks(settings, labelled(head, splits), {})["label"]
    validation = splits["validation"]
    logits = validation.features @ best.kernel + best.bias
    decided = decide_task("label", head, validation.labels, logits, settings.calibrate)
    return Outcome(best.kernel, best.bias, dict(decided.decisions))


def labelled(head: Head, splits: Mapping[str, TaskExamples]) -> LabelledExamples:
    """These splits as the examples of one task."""
    features, labels, weights = (np.concatenate(values) for values in zip(*splits.values(), strict=True))
    count = len(labels)
    names = [name for name, split in splits.items() for _ in split.labels]
    table = {"path": range(count), "group": range(count), "split": names, "weight": weights}
    task = Task(head, [None] * count, labels, np.ones(count, bool))
    return LabelledExamples("photos", pd.DataFrame(table), {"label": task}, features)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(HeadSettings)])
def test_every_field_changes_the_outcome(field, head):
    base = dataclasses.replace(BASE, **BESIDE.get(field, {}))
    one, other = (outcome(of, head) for of in (base, dataclasses.replace(base, **{field: OTHER[field]})))
    assert one.decisions != other.decisions
    assert np.allclose(one.kernel, other.kernel, atol=1e-4) == (field == "calibrate")


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_what_examples_weigh_changes_the_outcome(head):
    plain = outcome(BASE, head)
    trained = outcome(BASE, head, train=np.linspace(0.0, 2.0, 36, dtype=np.float32))
    assert not np.allclose(plain.kernel, trained.kernel, atol=1e-3)


def test_the_same_settings_have_the_same_outcome():
    one, same = (outcome(BASE, HEADS["softmax"]) for _ in range(2))
    np.testing.assert_array_equal(one.kernel, same.kernel)
    assert one[2:] == same[2:]
