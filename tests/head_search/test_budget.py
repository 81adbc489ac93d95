import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from retrain.head_search.budget import (
    COLUMNS,
    Halving,
    Size,
    cohort_limit,
    compiling_pays,
    folds_fit,
    group_limit,
    groups,
    operations,
    rows_at_a_time,
    tasks_at_once,
)
from retrain.heads.head import Head
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.head_search.candidates import candidate

LABELS = np.array([0, 1, 0], np.int32)
SETS = np.array([[0, 1], [1, 0], [0, 0]], np.float32)
SOFTMAX, SIGMOID = (
    {name: head.trained_on(labels, name) for name in ("none", "balanced")}
    for head, labels in [(SoftmaxHead(["a", "b"]), LABELS), (SigmoidHead(["a", "b"]), SETS)]
)
PLAIN = candidate(0.1, 0.0)


def trained_on(heads: Mapping[str, Head], candidates: Sequence[HeadSettings]) -> list[Head]:
    return [heads[of.class_weights] for of in candidates]


def test_candidates_share_a_group_where_they_see_the_same():
    candidates = [
        PLAIN,
        dataclasses.replace(PLAIN, dropout_rate=0.5),
        dataclasses.replace(
            PLAIN, learning_rate=1.0, l1_regularizer=1.0, label_smoothing=0.1, class_weights="balanced"
        ),
        dataclasses.replace(PLAIN, seed=1),
        dataclasses.replace(PLAIN, batch_size=7),
        dataclasses.replace(PLAIN, max_steps=7),
        dataclasses.replace(PLAIN, dropout_rate=0.5),
    ]
    assert groups(trained_on(SOFTMAX, candidates), candidates, 9) == [[0, 2], [1, 6], [3], [4], [5]]


def test_class_weights_divide_candidates_where_they_are_in_the_loss():
    candidates = [PLAIN, dataclasses.replace(PLAIN, class_weights="balanced"), PLAIN]
    assert groups(trained_on(SIGMOID, candidates), candidates, 9) == [[0, 2], [1]]


def test_a_group_is_divided_into_equal_parts():
    seven, two = 7 * [PLAIN], 2 * [PLAIN]
    assert groups(trained_on(SOFTMAX, seven), seven, 3) == [[0, 1], [2, 3], [4, 5, 6]]
    assert groups(trained_on(SOFTMAX, two), two, 1) == [[0], [1]]


def test_groups_are_no_larger_than_pays_or_fits():
    size = Size(num_features=1280, num_classes=10, folds=1, batch_size=100)
    assert group_limit(size, 2**40) == COLUMNS // 10
    assert group_limit(size._replace(folds=5), 2**40) == COLUMNS // 50
    assert group_limit(size._replace(num_classes=5000), 2**40) == 1
    assert 1 < group_limit(size, 2**25) < COLUMNS // 10
    assert group_limit(size, 0) == cohort_limit(size, 0) == 1
    assert cohort_limit(size, 4 * 3 * 1280 * 10 * 17) == 17


def test_so_many_tasks_at_once_as_make_a_group_and_as_their_weights_fit():
    size = Size(num_features=2906, num_classes=3, folds=5, batch_size=100)
    assert tasks_at_once(size, candidates=7, examples=4000, memory=2**30) == COLUMNS // 15 // 7
    assert tasks_at_once(size, candidates=1, examples=10**6, memory=2**30) == 2**30 // (4 * 4 * 5 * 10**6)
    assert tasks_at_once(size, candidates=100, examples=10**9, memory=2**20) == 1


@pytest.mark.parametrize(
    ("features", "classes", "side_by_side"),
    [(2906, 10, True), (2906, 2000, True), (192, 10_000, True), (2906, 10_000, False)],
)
def test_folds_of_large_heads_are_trained_one_by_one(features, classes, side_by_side):
    size = Size(num_features=features, num_classes=classes, folds=5, batch_size=100)
    assert folds_fit(size, 4 * 2**30) == side_by_side
    assert folds_fit(size._replace(folds=1), 0)


def test_of_many_columns_fewer_examples_are_judged_at_once():
    assert [rows_at_a_time(columns) for columns in (10, COLUMNS, 10_000, 10**9)] == [4096, 4096, 419, 1]


def test_long_trainings_are_compiled():
    assert operations(1000 * 100, 1280, 10) == 4 * 1000 * 100 * 1280 * 10
    assert not compiling_pays(operations(1000 * 100, 1280, 10))
    assert compiling_pays(operations(1000 * 100, 1280, 8 * 10))


@pytest.mark.parametrize(
    ("share", "losses", "survivors"),
    [
        (0.5, {3: 0.1, 1: 0.4, 2: 0.2, 0: 0.3}, [3, 2]),
        (0.5, {0: math.nan, 1: math.inf, 2: 5.0}, [0, 2]),
        (0.4, {0: math.nan, 1: 1.0, 2: math.nan}, [0, 1]),
        (0.01, {7: 2.0, 8: 1.0}, [8]),
        (0.5, {4: math.nan}, [4]),
        (1.0, {0: 2.0, 1: 1.0}, [0, 1]),
    ],
)
def test_the_lowest_losses_go_on_in_their_order(share, losses, survivors):
    assert Halving(share=share).survivors(losses) == survivors
