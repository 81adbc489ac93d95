import dataclasses

import numpy as np
import pytest

from retrain.examples.labelled import TaskExamples
from retrain.head_search.choice import chosen
from retrain.head_search.folds import assign_folds
from retrain.head_search.trained_head import OutOfSample, TrainedHead
from retrain.heads.softmax import SoftmaxHead
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b"])
STRONG, WEAK = candidate(0.3, 1.0), candidate(0.3, 1e-4)
LABELS = (np.arange(40) % 2).astype(np.int32)
TRAIN = TaskExamples(np.zeros([40, 3], np.float32), LABELS, np.ones(40, np.float32))
FOLD_OF = assign_folds(TRAIN.labels, None, 5, 0)


def result(margins: np.ndarray, stopped: int | None = None) -> OutOfSample:
    """A candidate that is by so much surer of the right class than of the other."""
    right = np.where(np.arange(len(margins)) % 2, margins, -margins) / 2
    kernel = np.tile(np.stack([-right, right], axis=1).astype(np.float32), [5, 1, 1])
    trained = TrainedHead(kernel, np.zeros([5, 2]), np.zeros([1, 2]), np.ones(1), stopped)
    # The features of an example say which one it is.
    return OutOfSample(trained, np.eye(len(margins), dtype=np.float32), FOLD_OF[: len(margins)])


RANDOM = np.random.default_rng(0)
GOOD = RANDOM.normal(1.0, 1.0, size=40)
SAME = GOOD + np.where(np.arange(40) % 4 < 2, 0.2, -0.25)
WORSE = GOOD - 0.5
NAN = np.full(40, np.nan)


@pytest.mark.parametrize(
    ("margins", "place", "reason"),
    [
        ([GOOD, WORSE], 0, "of 2 tried, the penalty of the lowest loss in cross-validation, 0.279"),
        ([WORSE, GOOD], 1, "of 2 tried, the penalty of the lowest loss in cross-validation, 0.279"),
        ([NAN, GOOD], 1, None),
        ([SAME, GOOD], 0, None),
        ([10 * GOOD, 0.1 * GOOD], 0, None),
    ],
)
def test_the_first_that_is_no_worse_than_the_best_by_chance_alone(margins, place, reason):
    found = chosen(HEAD, [STRONG, WEAK], [result(of) for of in margins], TRAIN, FOLD_OF)
    assert found[:2] == ([STRONG, WEAK][place], place)
    assert reason in (None, found.reason)


def test_the_reason_names_both_losses():
    results = [result(of) for of in (WORSE, SAME, GOOD)]
    found = chosen(HEAD, [STRONG, STRONG, WEAK], results, TRAIN, FOLD_OF)
    losses = [HEAD.calibrated(TRAIN.labels, of.logits).losses(TRAIN.labels, of.logits) for of in results]
    assert found.reason == (
        f"of 3 tried, the strongest penalty that is no worse than the best by more than chance: its loss in "
        f"cross-validation is {losses[1].mean():.3g}, the lowest {losses[2].mean():.3g}"
    )


def test_what_was_given_up_is_taken_only_where_all_were():
    given_up, ended = result(GOOD, stopped=5), result(WORSE)
    assert chosen(HEAD, [STRONG, WEAK], [given_up, ended], TRAIN, FOLD_OF).position == 1
    assert chosen(HEAD, [STRONG, WEAK], [given_up, given_up], TRAIN, FOLD_OF).position == 0


def test_where_none_can_be_judged_all_are():
    two, folds = TRAIN.rows(slice(2)), np.array([0, 1])
    assert chosen(HEAD, [STRONG, WEAK], [result(-GOOD[:2]), result(GOOD[:2])], two, folds).position == 1


def test_weights_of_examples_and_of_classes_count():
    first = np.where(np.arange(40) < 4, GOOD + 3.0, GOOD - 0.5)
    results = [result(GOOD), result(first)]
    weights = np.where(np.arange(40) < 4, 1.0, 1e-3).astype(np.float32)
    assert chosen(HEAD, [STRONG, WEAK], results, TRAIN, FOLD_OF).position == 0
    assert chosen(HEAD, [STRONG, WEAK], results, TRAIN._replace(weights=weights), FOLD_OF).position == 1
    labels = np.where(np.arange(40) < 4, TRAIN.labels, 0).astype(np.int32)  # two of the second class
    missed, hit = (np.where(labels == 1, margin, GOOD) for margin in (-1.0, 1.0))
    results = [result(np.where(labels == LABELS, of, -of)) for of in (missed, hit - 0.3)]
    positions = {}
    for name in ("none", "balanced"):
        grid = [dataclasses.replace(of, class_weights=name) for of in (STRONG, WEAK)]
        positions[name] = chosen(HEAD, grid, results, TRAIN._replace(labels=labels), FOLD_OF).position
    assert positions == {"none": 0, "balanced": 1}
