import itertools
import math
from types import MappingProxyType

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.training import learning_rate_finder
from retrain.training.learning_rate_finder import (
    EXPLODED,
    HIGHEST,
    LOWEST,
    STEPS,
    ExponentialRamp,
    LearningRateCurve,
    RangeTest,
    learning_rate_curve,
)
from tests.training import worlds


def curve_of(losses) -> LearningRateCurve:
    """The curve of losses up to the one that ends it."""
    test = RangeTest()
    for loss in losses:
        if test.explodes(loss):
            break
    return test.curve()


def test_the_ramp_rises_by_the_same_factor_at_each_step():
    rates = np.array([float(ExponentialRamp()(step)) for step in range(STEPS)])
    np.testing.assert_allclose(rates, np.geomspace(LOWEST, HIGHEST, STEPS), rtol=1e-4)


def test_a_constant_loss_is_smoothed_to_itself():
    curve = curve_of(itertools.repeat(2.0, STEPS))
    assert len(curve.rates) == len(curve.losses) == STEPS
    np.testing.assert_allclose(curve.smoothed, np.full(STEPS, 2.0), rtol=1e-12)


def test_a_third_of_the_rate_of_the_least_loss_is_suggested():
    losses = [1.0 - 0.005 * step if step <= 100 else 0.5 + 0.5 * (step - 100) for step in range(STEPS)]
    curve = curve_of(losses)
    least = curve.rates[np.argmin(curve.smoothed)]
    assert curve.rates[100] <= least < curve.rates[110]
    assert curve.suggestion == pytest.approx(least / 3)


def test_the_test_ends_when_the_loss_has_exploded():
    test = RangeTest()
    assert [test.explodes(loss) for loss in [1.0] * 60 + [1000.0]] == [False] * 60 + [True]
    curve = test.curve()
    assert len(curve.rates) == len(curve.smoothed) == 60
    assert max(curve.smoothed) < EXPLODED


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_curve(bad):
    curve = curve_of([1.0] * 30 + [bad] * 3)
    assert len(curve.losses) == 30
    assert math.isfinite(curve.suggestion)
    assert curve_of([bad]).suggestion == LOWEST


def test_a_model_is_trained_on_the_ramp_up_to_its_end(loaded_module):
    model = worlds.classifier(loaded_module)
    curve = learning_rate_curve(model, worlds.filled(momentum=0.0), {}, worlds.endless())
    assert len(curve.losses) == STEPS
    assert curve.losses[0] == pytest.approx(np.log(3))
    assert curve.losses[-1] < curve.losses[0]


def test_no_step_is_taken_after_the_loss_has_exploded(loaded_module):
    steps = tf.data.Dataset.counter()

    def spoilt(step, batch):
        inputs, labels = batch
        return {"features": inputs["features"] * tf.where(step < 20, 1.0, np.nan)}, labels

    batches = tf.data.Dataset.zip(steps, worlds.endless()).map(spoilt)
    curve = learning_rate_curve(worlds.classifier(loaded_module), worlds.filled(), {}, batches)
    assert len(curve.losses) == 20


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", 1),
        ("momentum", 0.5),
        ("label_smoothing", 0.1),
        ("l2_regularizer", 0.1),
        ("base_learning_rate_factor", 0.1),
        ("task_weights", {"label": 2.0}),
    ],
)
def test_it_is_the_training_that_the_settings_ask_for(averaging_module, monkeypatch, field, value):
    monkeypatch.setattr(learning_rate_finder, "STEPS", 12)

    def losses(task_weights=MappingProxyType({}), **given) -> list[float]:
        model = worlds.classifier(load_module(averaging_module), dropout_rate=0.25, train_base=True)
        model.kernels["label"].assign(np.eye(3))
        curve = learning_rate_curve(model, worlds.filled(**given), task_weights, worlds.endless_images())
        return curve.losses.tolist()

    assert losses() != losses(**{field: value})


def test_a_model_that_gives_no_number_at_all(loaded_module):
    model = worlds.classifier(loaded_module)
    model.biases["label"].assign([np.nan] * 3)
    with pytest.raises(InputError) as raised:
        learning_rate_curve(model, worlds.filled(), {}, worlds.endless())
    assert str(raised.value) == (
        "The loss of the first step is no number, even at the learning rate 1e-06: the module, or an image, "
        "gives none."
    )
