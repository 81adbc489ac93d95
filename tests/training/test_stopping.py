import math

import pytest
from retrain.training.stopping import (
    StoppingRules,
    has_diverged,
    is_better,
    metric_in,
    note_figures,
    reason_to_stop,
)

from retrain.errors import InputError
from retrain.training.run_state import NO_STEP, RunState

NAN = float("nan")


@pytest.mark.parametrize(
    ("metric", "value", "best", "expected"),
    [
        ("loss", 1.0, 2.0, True),
        ("loss", 2.0, 1.0, False),
        ("average_loss/kind", 1.0, 2.0, True),
        ("expected_calibration_error", 1.0, 2.0, True),
        ("accuracy", 1.0, 2.0, False),
        ("accuracy", 2.0, 1.0, True),
        ("accuracy", 1.0, 1.0, False),
        ("accuracy", 0.0, NAN, True),
        ("accuracy", NAN, 0.0, False),
        ("accuracy", NAN, NAN, False),
    ],
)
def test_what_is_better(metric, value, best, expected):
    assert is_better(metric, value, best) is expected


def test_the_best_step_and_the_looks_since():
    state = RunState()
    told = []
    for step, loss in [(0, 3.0), (10, NAN), (20, 2.0), (30, 2.5), (40, 2.0)]:
        state.global_step.assign(step)
        told.append(note_figures(state, {"loss": loss}, "loss"))
    assert told == [True, False, True, False, False]
    assert (int(state.best_step), float(state.best_value)) == (20, 2.0)
    assert (int(state.waited), int(state.evaluations)) == (2, 5)


def test_before_any_figure_there_is_no_best_step():
    state = RunState()
    assert not note_figures(state, {"loss": NAN}, "loss")
    assert int(state.best_step) == NO_STEP


def test_a_figure_that_there_is_not():
    with pytest.raises(InputError) as raised:
        metric_in({"loss": 1.0, "accuracy/kind": 0.5, "count": 3}, "accuracy")
    assert str(raised.value) == (
        "--early_stopping_metric='accuracy' is no figure of this run's validation: choose from loss, "
        "accuracy/kind."
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (StoppingRules(10), None),
        (StoppingRules(10, patience=4), None),
        (
            StoppingRules(10, metric="accuracy", patience=3),
            "validation accuracy has not become better in 3 evaluations",
        ),
        (StoppingRules(10, max_seconds=61.0), None),
        (StoppingRules(10, max_seconds=60.0), "--max_train_time=60 seconds are over"),
    ],
)
def test_reasons_to_stop(rules, expected):
    state = RunState()
    state.waited.assign(3)
    state.elapsed_seconds.assign(60.0)
    assert reason_to_stop(state, rules) == expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (0.0, False),
        (100 * math.log(3), False),
        (100 * math.log(3) + 0.1, True),
        (NAN, True),
        (math.inf, True),
    ],
)
def test_a_loss_far_beyond_that_of_knowing_nothing(loss, expected):
    assert has_diverged(loss, {"label": 3}, {}) is expected


def test_of_several_tasks_each_counts_as_it_does_in_the_loss():
    counts, weights = {"kind": 3, "tags": 1}, {"tags": 2.0}
    limit = 100 * (math.log(3) + 2 * math.log(2))
    assert not has_diverged(limit - 0.1, counts, weights)
    assert has_diverged(limit + 0.1, counts, weights)
