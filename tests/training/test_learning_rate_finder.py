import itertools
import math

import numpy as np
import pytest

from retrain.training.learning_rate_finder import (
    EXPLODED,
    HIGHEST,
    LOWEST,
    STEPS,
    ExponentialRamp,
    learning_rate_curve,
)


def test_the_ramp_rises_by_the_same_factor_at_each_step():
    rates = np.array([float(ExponentialRamp()(step)) for step in range(STEPS)])
    np.testing.assert_allclose(rates, np.geomspace(LOWEST, HIGHEST, STEPS), rtol=1e-4)


def test_a_constant_loss_is_smoothed_to_itself():
    curve = learning_rate_curve(itertools.repeat(2.0))
    assert len(curve.rates) == len(curve.losses) == STEPS
    np.testing.assert_allclose(curve.smoothed, np.full(STEPS, 2.0), rtol=1e-12)


def test_a_third_of_the_rate_of_the_least_loss_is_suggested():
    losses = [1.0 - 0.005 * step if step <= 100 else 0.5 + 0.5 * (step - 100) for step in range(STEPS)]
    curve = learning_rate_curve(losses)
    least = curve.rates[np.argmin(curve.smoothed)]
    assert curve.rates[100] <= least < curve.rates[110]
    assert curve.suggestion == pytest.approx(least / 3)


def test_no_step_is_taken_after_the_loss_has_exploded():
    taken = []

    def losses():
        for step in range(STEPS):
            taken.append(step)
            yield 1.0 if step < 60 else 1000.0

    curve = learning_rate_curve(losses())
    assert taken == list(range(61))
    assert len(curve.rates) == len(curve.smoothed) == 60
    assert max(curve.smoothed) < EXPLODED


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_curve(bad):
    curve = learning_rate_curve([1.0] * 30 + [bad] * 3)
    assert len(curve.losses) == 30
    assert math.isfinite(curve.suggestion)
    assert learning_rate_curve([bad]).suggestion == LOWEST
