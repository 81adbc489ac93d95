import dataclasses
import math

import pytest

from retrain.settings.pixels import PixelSettings
from retrain.settings.values import SECONDS, SHARE, Quantity
from retrain.training.pixel_recipe import (
    augmentation_level,
    described,
    evaluation_interval,
    filled,
    fine_tune_steps,
    peak_rate,
    size_factor,
)


@pytest.mark.parametrize(
    ("count", "batch_size", "steps", "adaptive_steps"),
    [
        (1000, 32, 1875, 1407),
        (1000, 64, 938, 704),
        (100, 32, 593, 445),
        (100_000, 32, 18_750, 14_063),
        (10_000_000, 32, 937_500, 937_500),
    ],
)
def test_steps_grow_with_the_root_of_the_images_and_never_below_three_epochs(
    count, batch_size, steps, adaptive_steps
):
    assert fine_tune_steps("sgd", count, batch_size, 1.0) == steps
    assert fine_tune_steps("adamw", count, batch_size, 1.0) == adaptive_steps


def test_the_rate_follows_the_batch():
    assert peak_rate("sgd", 32, False, 1.0) == 0.02
    assert peak_rate("sgd", 64, False, 1.0) == 0.04
    assert peak_rate("adamw", 128, False, 1.0) == 2 * peak_rate("adam", 32, False, 1.0)


def test_frozen_batch_norm_asks_for_smaller_steps():
    assert peak_rate("sgd", 32, True, 1.0) < peak_rate("sgd", 32, False, 1.0)


@pytest.mark.parametrize(
    ("num_weights", "size"), [(0, 1.0), (250_000, 1.0), (1_000_000, 0.5), (4_000_000, 0.25), (10**9, 0.25)]
)
def test_larger_networks_take_fewer_passes_at_lower_rates(num_weights, size):
    assert size_factor(num_weights) == size
    assert fine_tune_steps("sgd", 1000, 32, size) == math.ceil(size * 1875)
    assert peak_rate("sgd", 32, False, size) == size * 0.02
    found = recipe(num_weights=num_weights, fine_tune=True, optimizer="sgd")
    assert (found.max_steps, found.learning_rate) == (math.ceil(size * 1875), size * 0.02)
    assert peak_rate("adamw", 32, False, size) == 5e-4


@pytest.mark.parametrize(
    ("num_weights", "given", "optimizer", "rate", "decay"),
    [
        (2_999_999, {}, "sgd", 0.02 * size_factor(2_999_999), 1e-3),
        (3_000_000, {}, "adamw", 5e-4, 0.05),
        (10**9, {}, "adamw", 5e-4, 0.05),
        (4_000_000, {"momentum": 0.5}, "sgd", 0.005, 1e-3),
        (4_000_000, {"optimizer": "sgd"}, "sgd", 0.005, 1e-3),
        (0, {"optimizer": "adam"}, "adam", 5e-4, 0.05),
    ],
)
def test_large_networks_are_trained_by_an_optimizer_that_adapts(num_weights, given, optimizer, rate, decay):
    found = recipe(num_weights, fine_tune=True, **given)
    assert (found.optimizer, found.weight_decay) == (optimizer, decay)
    assert found.learning_rate == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize(
    ("count", "classes", "level"), [(100, 10, "strong"), (1000, 10, "medium"), (100_000, 10, "light")]
)
def test_few_images_are_augmented_more(count, classes, level):
    assert augmentation_level(count, classes) == level


@pytest.mark.parametrize(
    ("count", "validation_count", "steps"), [(1000, 100, 32), (1000, 1000, 209), (1000, 0, 32), (10, 0, 1)]
)
def test_evaluation_is_once_an_epoch_unless_that_takes_too_long(count, validation_count, steps):
    assert evaluation_interval(count, 32, validation_count) == steps


HEAD_RATE = 0.3


def recipe(num_weights: int = 0, **given) -> PixelSettings:
    return filled(PixelSettings(**given), 1000, 100, HEAD_RATE, num_weights)


def test_what_fine_tuning_does_when_nothing_is_said():
    assert recipe(fine_tune=True) == PixelSettings(
        fine_tune=True,
        optimizer="sgd",
        max_steps=1875,
        batch_size=32,
        learning_rate=0.02,
        warmup_steps=Quantity(188),
        base_learning_rate_factor=1.0,
        weight_decay=1e-3,
        label_smoothing=0.1,
        l2_regularizer=0.0,
        eval_every=Quantity(32),
    )


def test_what_is_filled_in_stays():
    for given in ({"fine_tune": True, "train_epochs": 2.0}, {"eval_every": Quantity(30.0, SECONDS)}):
        assert filled(recipe(**given), 7, 7, 7.0, 7) == recipe(**given)


def test_the_head_of_a_frozen_base_is_trained_as_its_features_allow():
    of_head = recipe()
    assert (of_head.learning_rate, of_head.weight_decay, of_head.label_smoothing) == (HEAD_RATE, 0.0, 0.0)
    assert of_head.optimizer == "sgd"
    assert recipe(optimizer="adam").learning_rate == peak_rate("adam", 32, False, 1.0)


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"max_steps": 7}, "max_steps", 7),
        ({"train_epochs": 2.0}, "max_steps", 62),
        ({"train_epochs": 2.0, "batch_size": 100}, "max_steps", 20),
        ({"train_epochs": 1e-9}, "max_steps", 1),
        ({"batch_size": 100}, "batch_size", 100),
        ({"batch_size": 64}, "learning_rate", 0.04),
        ({"freeze_batch_norm": True}, "learning_rate", 0.002),
        ({"learning_rate": 0.5, "batch_size": 64}, "learning_rate", 0.5),
        ({"warmup_steps": Quantity(0)}, "warmup_steps", Quantity(0)),
        ({"warmup_steps": Quantity(50.0, SHARE), "max_steps": 10}, "warmup_steps", Quantity(5)),
        ({"base_learning_rate_factor": 0.1}, "base_learning_rate_factor", 0.1),
        ({"weight_decay": 0.0}, "weight_decay", 0.0),
        ({"label_smoothing": 0.0}, "label_smoothing", 0.0),
        ({"momentum": 0.5}, "momentum", 0.5),
        ({"optimizer": "lion"}, "optimizer", "lion"),
        ({"l2_regularizer": 0.5}, "l2_regularizer", 0.5),
        ({"eval_every": Quantity(50)}, "eval_every", Quantity(50)),
        ({"eval_every": Quantity(30.0, SECONDS)}, "eval_every", Quantity(30.0, SECONDS)),
    ],
)
def test_what_is_given_is_never_overridden(given, field, expected):
    assert getattr(recipe(fine_tune=True, **given), field) == expected


def test_what_the_recipe_does_not_know_stays_as_it_was_given():
    given = {"seed": 3, "momentum": 0.5, "ema": 0.9, "l1_regularizer": 0.25, "class_weights": "balanced"}
    of_recipe = recipe(**given)
    assert {name: getattr(of_recipe, name) for name in given} == given
    unsaid = {"gradient_clip_norm", "ema", "fine_tune_from", "early_stopping_patience", "max_train_time"}
    unsaid |= {"save_checkpoints_steps", "profile_steps", "train_epochs"}
    names = {field.name for field in dataclasses.fields(PixelSettings)}
    assert {name for name in names if getattr(recipe(), name) is None} == unsaid


def test_the_recipe_is_told_in_a_line_that_names_flags():
    assert described(recipe(fine_tune=True), "medium", antialias=True) == (
        "1875 steps of 32 images, optimizer=sgd, learning_rate=0.02 after 188 steps of warm-up, then along a "
        "cosine to zero, base_learning_rate_factor=1, weight_decay=0.001, label_smoothing=0.1, "
        "augment=medium, antialias=on, eval_every=32"
    )
