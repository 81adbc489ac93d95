import math

import pytest

from retrain.metric import LOSS, Metric

# A task whose name says "loss", and a figure that is the better the higher.
GLOSS = Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)


@pytest.mark.parametrize(
    ("metric", "value", "best", "better"),
    [
        (GLOSS, 0.9, 0.8, True),
        (GLOSS, 0.8, 0.8, False),
        (GLOSS, 0.7, 0.8, False),
        (LOSS, 0.7, 0.8, True),
        (LOSS, 0.9, 0.8, False),
        (LOSS, 0.9, math.nan, True),
        (LOSS, math.nan, 0.9, False),
        (LOSS, math.nan, math.nan, False),
    ],
)
def test_the_direction_is_said_and_not_read_from_a_name(metric, value, best, better):
    assert metric.is_better(value, best) is better


def test_the_value_among_figures():
    assert GLOSS.value({"micro_f1_at_0.5/gloss": 0.5}) == 0.5
    assert math.isnan(GLOSS.value({"micro_f1_at_0.5/gloss": None}))
    assert math.isnan(GLOSS.value({}))


def test_what_keys_of_the_task_end_in():
    assert GLOSS.suffix == "/gloss"
    assert LOSS.suffix == ""
