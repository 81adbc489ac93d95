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
    assert np.isnan(values.pop("best_value"))
    assert values == {
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


def noted(metric: Metric, values: list[float | None]) -> tuple[list[bool], RunState]:
    """What is told of figures at the steps 0, 10, ..., and the state after them."""
    state, told = RunState(), []
    for number, value in enumerate(values):
        state.global_step.assign(10 * number)
        told.append(note_figures(state, {metric.key: value}, metric))
    return told, state


def test_the_best_step_and_the_evaluations_since():
    told, state = noted(LOSS, [3.0, NAN, 2.0, 2.5, 2.0])
    assert told == [True, False, True, False, False]
    assert (int(state.best_step), float(state.best_value)) == (20, 2.0)
    assert (int(state.waited), int(state.evaluations)) == (2, 5)


def test_the_metric_says_which_way_is_better():
    told, state = noted(ACCURACY, [0.5, 0.25, 0.75])
    assert told == [True, False, True]
    assert int(state.best_step) == 20


def test_no_direction_is_read_from_a_name():
    """Of a task called gloss, the best is kept: "loss" in a key says nothing."""
    of_gloss = Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)
    told, state = noted(of_gloss, [0.5, 0.9, 0.1])
    assert told == [True, True, False]
    assert (int(state.best_step), float(state.best_value)) == (10, 0.9)


@pytest.mark.parametrize("nothing", [NAN, None])
def test_before_any_figure_there_is_no_best_step(nothing):
    told, state = noted(ACCURACY, [nothing])
    assert told == [False]
    assert (int(state.best_step), int(state.waited)) == (NO_STEP, 1)
    assert not note_figures(state, {"loss": 1.0}, ACCURACY)


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
