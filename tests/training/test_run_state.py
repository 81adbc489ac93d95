import math

import numpy as np
import pytest
import tensorflow as tf

from retrain.metric import LOSS, Metric
from retrain.settings.pixels import PixelSettings
from retrain.training.run_state import NO_STEP, RunState, has_diverged, note_figures, reason_to_stop

ACCURACY = Metric("accuracy", "kind", "accuracy/kind", higher_is_better=True)
NAN = float("nan")


def test_a_run_begins_with_nothing_done():
    state = RunState()
    values = {variable.name.partition(":")[0]: variable.numpy().item() for variable in state.variables}
    assert np.isnan([values.pop("best_value"), values.pop("first_value")]).all()
    assert values == {
        "best_error": 0.0,
        "global_step": 0,
        "rate_factor": 1.0,
        "best_step": NO_STEP,
        "evaluated_step": NO_STEP,
        "waited": 0,
        "evaluations": 0,
        "elapsed_seconds": 0.0,
    }
    assert state.trainable_variables == ()


def test_all_of_it_comes_back_to_the_last_bit(tmp_path):
    state = RunState()
    for number, variable in enumerate(state.variables):
        variable.assign(tf.cast(number + 0.1, variable.dtype))
    path = tf.train.Checkpoint(run_state=state).write(str(tmp_path / "state"))
    again = RunState()
    tf.train.Checkpoint(run_state=again).read(path).assert_consumed()
    for one, other in zip(state.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_can_be_changed_under_a_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        state = RunState()

    @tf.function
    def step():
        strategy.run(lambda: state.global_step.assign_add(1))

    step()
    assert state.global_step.numpy() == 1


def noted(
    metric: Metric, values: list[float | None], error: float = 0.0
) -> tuple[list[bool], list[bool], RunState]:
    """At the steps 0, 10, ...: what was the best so far, and what was to take, and the state after them."""
    state, told = RunState(), []
    for number, value in enumerate(values):
        state.global_step.assign(10 * number)
        told.append(note_figures(state, {metric.key: value}, metric, error))
    return [of.is_best for of in told], [of.is_taken for of in told], state


def test_the_best_step_and_the_evaluations_since():
    best, taken, state = noted(LOSS, [3.0, NAN, 2.0, 2.5, 2.0])
    assert best == taken == [True, False, True, False, False]
    assert (int(state.best_step), float(state.best_value)) == (20, 2.0)
    assert (int(state.waited), int(state.evaluations)) == (2, 5)


def test_the_metric_says_which_way_is_better():
    best, taken, state = noted(ACCURACY, [0.5, 0.25, 0.75])
    assert best == taken == [True, False, True]
    assert int(state.best_step) == 20


def test_no_direction_is_read_from_a_name():
    """Of a task called gloss, the best is kept: "loss" in a key says nothing."""
    of_gloss = Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)
    best, taken, state = noted(of_gloss, [0.5, 0.9, 0.1])
    assert best == taken == [True, True, False]
    assert (int(state.best_step), float(state.best_value)) == (10, 0.9)


def test_of_steps_that_cannot_be_told_apart_the_last_is_taken():
    """And patience runs: none of them is better."""
    best, taken, state = noted(LOSS, [3.0, 1.0, 1.2, 1.3, 1.1, NAN], error=0.25)
    assert best == [True, True, False, False, False, False]
    assert taken == [True, True, True, False, True, False]
    assert (int(state.best_step), float(state.best_value), int(state.waited)) == (40, 1.0, 4)


def test_a_figure_that_is_better_when_higher_has_an_error_too():
    _, taken, state = noted(ACCURACY, [0.5, 0.875, 0.75, 0.5], error=0.125)
    assert taken == [True, True, True, False]
    assert float(state.best_value) == 0.875


def test_none_is_taken_that_is_worse_than_the_first():
    """However large the error: a training that made things worse ends with what it began with."""
    best, taken, _ = noted(LOSS, [2.0, 2.1, 1.9, 2.05, 2.0], error=1.0)
    assert best == [True, False, True, False, False]
    assert taken == [True, False, True, False, True]


@pytest.mark.parametrize("nothing", [NAN, None])
def test_before_any_figure_there_is_no_best_step(nothing):
    best, taken, state = noted(ACCURACY, [nothing], error=1.0)
    assert best == taken == [False]
    assert (int(state.best_step), int(state.waited)) == (NO_STEP, 1)
    assert not any(note_figures(state, {"loss": 1.0}, ACCURACY))


@pytest.mark.parametrize(
    ("given", "metric", "expected"),
    [
        ({}, LOSS, None),
        ({"early_stopping_patience": 4}, LOSS, None),
        (
            {"early_stopping_patience": 3},
            ACCURACY,
            "validation accuracy/kind has not become better in 3 evaluations",
        ),
        ({"max_train_time": 61.0}, LOSS, None),
        ({"max_train_time": 60.0}, LOSS, "--max_train_time=60 seconds are over"),
    ],
)
def test_reasons_to_stop(given, metric, expected):
    state = RunState()
    state.waited.assign(3)
    state.elapsed_seconds.assign(60.0)
    assert reason_to_stop(state, PixelSettings(**given), metric) == expected


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.0, False), (150.0, False), (150.1, True), (NAN, True), (math.inf, True)]
)
def test_a_loss_far_beyond_that_of_knowing_nothing(loss, expected):
    assert has_diverged(loss, of_chance=1.5) is expected
