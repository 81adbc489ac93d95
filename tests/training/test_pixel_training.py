import os
import pathlib
import signal

import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.metric import LOSS, Metric
from retrain.settings.values import SECONDS, Quantity
from retrain.signals import Terminated
from retrain.training import driver, pixel_training
from retrain.training.evaluation import Judged
from retrain.training.pixel_training import PixelTraining, pixel_estimator
from tests.training import worlds


@pytest.fixture(autouse=True)
def steps_one_by_one(monkeypatch):
    monkeypatch.setattr(driver, "STEPS_PER_CALL", 1)


@pytest.fixture
def lines(monkeypatch) -> list[str]:
    texts = []
    ours = ("Step", "Training", "The weights")
    for level in ("info", "warning"):
        monkeypatch.setattr(
            logging, level, lambda text, *values: text.startswith(ours) and texts.append(text % values)
        )
    return texts


@pytest.fixture
def make(loaded_module, tmp_path):
    """A new training, as a new process would make it, of a head on features of three colours."""

    def training(
        name: str = "run",
        metric: Metric = LOSS,
        train=worlds.positioned,
        validation=worlds.feature_batches,
        **given,
    ) -> PixelTraining:
        pixels = worlds.filled(**given)
        model = worlds.classifier(loaded_module, dropout_rate=0.25)
        estimator = pixel_estimator(model, tmp_path / name, pixels, {})
        return PixelTraining(estimator, pixels, metric, train, validation, calibrate=True)

    return training


def saved(training: PixelTraining) -> list[str]:
    return sorted(path.name for path in training.estimator.model_dir.glob("ckpt-*"))


def figures_at(monkeypatch, values: dict[int, float], key: str = "loss", error: float = 0.0) -> None:
    """Lets validation have these figures, and its loss that standard error."""

    def judged(self):
        figures = {"loss": 1.0, "accuracy": 0.5} | {key: values[self.estimator.global_step]}
        return Judged(figures, figures["loss"], error)

    monkeypatch.setattr(PixelTraining, "_judged", judged)


def test_the_model_is_evaluated_now_and_then_and_that_is_told(make, lines):
    training = make()
    training.run()
    assert lines[0] == f"Step 0 of 12: validation loss {np.log(3):.4g}, accuracy 33.3%, the best so far."
    assert [line.split(":")[0] for line in lines] == [
        *("Step 0 of 12", "Step 4 of 12", "Step 8 of 12", "Step 12 of 12"),
        "Training took " + lines[-2].removeprefix("Training took ").split(":")[0],
        "The weights of step 12 are taken.",
    ]
    assert " images/s, input wait " in lines[1]
    assert training.estimator.global_step == int(training.state.best_step) == 12
    assert saved(training) == ["ckpt-0", "ckpt-12", "ckpt-4", "ckpt-8"]


def test_the_end_has_the_weights_of_the_best_step(make, monkeypatch):
    figures_at(monkeypatch, {0: 3.0, 4: 1.0, 8: 2.0, 12: 2.0})
    training, weights = make(), {}
    save = training._save

    def remembered():
        weights[training.estimator.global_step] = worlds.weights(training.estimator.model)
        save()

    monkeypatch.setattr(training, "_save", remembered)
    training.run()
    assert training.estimator.global_step == 4
    assert worlds.equal(worlds.weights(training.estimator.model), weights[4])
    assert not worlds.equal(weights[4], weights[12])


@pytest.mark.parametrize(("key", "step"), [("loss", 12), ("accuracy", 4)])
def test_the_error_of_the_loss_counts_where_the_loss_does(make, monkeypatch, lines, key, step):
    figures_at(monkeypatch, {0: 3.0, 4: 1.0, 8: 2.0, 12: 1.125}, error=0.25)
    if key == "accuracy":
        figures_at(monkeypatch, {0: 0.25, 4: 0.75, 8: 0.5, 12: 0.625}, "accuracy", error=0.25)
    metric = LOSS if key == "loss" else Metric("accuracy", "label", "accuracy", higher_is_better=True)
    training = make(metric=metric)
    training.run()
    assert training.estimator.global_step == step
    assert lines[1].endswith(", the best so far.")
    assert lines[3].endswith(", as good as the best within the error.") is (step == 12)
    assert lines[-1] == f"The weights of step {step} are taken."


def test_the_averages_of_the_best_step_are_taken(make):
    training = make(ema=0.5)
    training.run()
    averages = worlds.weights(training.estimator.model)
    training.checkpoints.detach()
    training.checkpoints.restore(training.checkpoints.best())
    assert not worlds.equal(averages, worlds.weights(training.estimator.model))
    with training.loop.averaged():
        assert worlds.equal(averages, worlds.weights(training.estimator.model))


def test_patience_ends_training(make, monkeypatch, lines):
    figures_at(monkeypatch, {0: 1.0, 4: 2.0, 8: 2.0})
    training = make(early_stopping_patience=2)
    training.run()
    assert "Training ends at step 8: validation loss has not become better in 2 evaluations." in lines
    assert saved(training) == ["ckpt-0", "ckpt-4", "ckpt-8"]
    assert training.estimator.global_step == 0
    again = make(early_stopping_patience=2, train=lambda first_step: pytest.fail("trained"))
    again.run()
    assert again.estimator.global_step == 0


def test_time_that_is_over_ends_training_with_a_last_evaluation(make, lines):
    training = make(eval_every=Quantity(100), max_train_time=1e-9)
    training.run()
    assert "Training ends at step 1: --max_train_time=1e-09 seconds are over." in lines
    assert saved(training) == ["ckpt-0", "ckpt-1"]


def test_evaluations_by_time(make, lines):
    make(eval_every=Quantity(1e-9, SECONDS)).run()
    assert sum(line.startswith("Step ") for line in lines) == 13


def test_without_validation_the_last_step_is_taken(make, lines):
    training = make(validation=None)
    training.run()
    assert lines[0] == "Step 0 of 12: start."
    assert training.estimator.global_step == 12
    assert saved(training) == ["ckpt-0", "ckpt-12", "ckpt-4", "ckpt-8"]


def test_an_evaluation_changes_nothing_of_training(make):
    one, other = make("one"), make("other", eval_every=Quantity(1))
    for training in (one, other):
        training.run()
        training.checkpoints.restore(training.estimator.latest_checkpoint())
    assert worlds.equal(worlds.weights(one.estimator.model), worlds.weights(other.estimator.model))


def test_checkpoints_at_steps_of_their_own(make):
    training = make(eval_every=Quantity(6), save_checkpoints_steps=5)
    training.run()
    assert saved(training) == ["ckpt-0", "ckpt-10", "ckpt-12", "ckpt-5", "ckpt-6"]


def exploding(first_step: int, at: tuple[int, ...]) -> tf.data.Dataset:
    """The batches of `positioned`, but those of the steps `at`, whose features are no numbers."""
    steps = tf.data.Dataset.counter(first_step)

    def spoilt(step, batch):
        inputs, labels = batch
        bad = tf.reduce_any(step == tf.constant(at, tf.int64))
        return {"features": tf.where(bad, np.nan, inputs["features"])}, labels

    return tf.data.Dataset.zip(steps, worlds.positioned(first_step)).map(spoilt)


def test_what_diverges_goes_on_from_the_last_evaluation_with_half_the_rate_once(make, lines, tmp_path):
    spoils = [(6,), ()]
    training = make(train=lambda first_step: exploding(first_step, spoils.pop(0)))
    training.run()
    assert "Training has diverged at step 7: it goes on from step 4 with half the learning rate." in lines
    assert float(training.state.rate_factor) == 0.5
    assert not any("loss nan" in line for line in lines)
    assert [line[:7] for line in lines if line.startswith("Step")] == [
        "Step 0 ",
        "Step 4 ",
        "Step 8 ",
        "Step 12",
    ]
    spoils[:] = [(9,)]
    os.rename(tmp_path / "run" / "ckpt-12", tmp_path / "gone")
    with pytest.raises(InputError) as raised:
        make(train=lambda first_step: exploding(first_step, spoils.pop(0))).run()
    assert str(raised.value) == (
        "Training has diverged at step 10, also with half the learning rate: give a lower --learning_rate, "
        "or --gradient_clip_norm=1."
    )


def test_a_model_that_gives_no_numbers_for_validation_has_diverged(make, lines, monkeypatch):
    training = make()
    figures, spoilt = training._judged, []

    def spoilt_once():
        if training.estimator.global_step == 8 and not spoilt:
            spoilt.append(figures())
            return Judged({}, float("nan"))
        return figures()

    monkeypatch.setattr(training, "_judged", spoilt_once)
    training.run()
    assert "Training has diverged at step 8: it goes on from step 4 with half the learning rate." in lines
    assert [line[:7] for line in lines if line.startswith("Step")] == [
        *("Step 0 ", "Step 4 ", "Step 8 ", "Step 12")
    ]


def test_a_loss_of_validation_beyond_all_measure_has_diverged(make, lines, monkeypatch):
    figures_at(monkeypatch, {0: 1.0, 4: 1.0, 8: 101 * np.log(3), 12: 1.0})
    with pytest.raises(InputError, match="Training has diverged at step 8, also with half the learning rate"):
        make().run()
    assert "Training has diverged at step 8: it goes on from step 4 with half the learning rate." in lines


def test_pixels_that_the_base_looks_as_if_made_for_are_told_again(make, monkeypatch):
    figures_at(monkeypatch, {0: 1.0, 4: 1.0, 8: 101 * np.log(3), 12: 1.0})
    training = make()
    training.range_hint = "--module_input_range=0,255"
    with pytest.raises(InputError) as raised:
        training.run()
    assert str(raised.value) == (
        "Training has diverged at step 8, also with half the learning rate: give --module_input_range=0,255, "
        "if the base was made for such pixels, or a lower --learning_rate, or --gradient_clip_norm=1."
    )


def test_no_direction_is_read_from_a_name(make, monkeypatch):
    """Of a task called gloss the best step is kept, not the one where the figure is least."""
    of_gloss = Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)
    figures_at(monkeypatch, {0: 0.5, 4: 0.9, 8: 0.1, 12: 0.2}, of_gloss.key)
    training = make(metric=of_gloss)
    training.run()
    assert training.estimator.global_step == 4


def test_a_signal_is_raised_when_what_was_done_is_saved(make, monkeypatch):
    training = make()
    note = training._note

    def interrupted_at_6(report):
        note(report)
        if report.step == 6:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(training, "_note", interrupted_at_6)
    with pytest.raises(Terminated):
        training.run()
    assert saved(training) == ["ckpt-0", "ckpt-4", "ckpt-6"]
    whole, parts = make("whole"), make()
    for again in (whole, parts):
        again.run()
        again.checkpoints.restore(again.estimator.latest_checkpoint())
    assert worlds.equal(worlds.weights(whole.estimator.model), worlds.weights(parts.estimator.model))


def test_checkpoints_by_time_where_none_are_asked_for(make, monkeypatch):
    monkeypatch.setattr(pixel_training, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    training = make(max_steps=3)
    training.run()
    assert saved(training) == ["ckpt-0", "ckpt-1", "ckpt-2", "ckpt-3"]


def test_a_profile_is_written(make, tmp_path):
    make(profile_steps=(2, 4)).run()
    assert list(pathlib.Path(tmp_path / "run").rglob("*.xplane.pb"))
