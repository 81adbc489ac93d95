import numpy as np
import pytest
from retrain.commands.train.fine_tuning_options import optimizer_settings, recipe_of, stopping_rules
from retrain.training.fine_tune_recipe import FineTuneRecipe
from retrain.training.stopping import StoppingRules

from retrain.head_search.recipe import LEARNING_RATE
from retrain.settings.config import Config
from retrain.training.optimizer import OptimizerSettings

# Along their mean, (3, 0), the sum of squares is 9, and the variance 1.
FEATURES = np.array([[2.0, 0.0], [4.0, 0.0]] * 4, np.float32)


def recipe(**values) -> FineTuneRecipe:
    return recipe_of(Config.of(**values), 1000, 10, 100, FEATURES)


def test_what_fine_tuning_does_when_nothing_is_said():
    assert recipe(fine_tune=True) == FineTuneRecipe(
        steps=1875,
        batch_size=32,
        learning_rate=0.02,
        warmup_steps=188,
        base_learning_rate_factor=1.0,
        weight_decay=1e-3,
        label_smoothing=0.1,
        augment="medium",
        eval_every=32,
    )


def test_the_head_of_a_frozen_base_is_trained_as_its_features_allow():
    of_head = recipe(augment="light")
    assert of_head.learning_rate == pytest.approx(LEARNING_RATE / 10)
    assert of_head[4:8] == (1.0, 0.0, 0.0, "light")
    assert recipe(rotation_range=5.0).augment == "none"
    assert recipe(augment="auto").augment == "medium"
    assert recipe(augment="auto", optimizer="adam").learning_rate < 0.01


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"max_steps": 7}, "steps", 7),
        ({"train_epochs": 2.0}, "steps", 62),
        ({"train_epochs": 2.0, "batch_size": 100}, "steps", 20),
        ({"batch_size": 100}, "batch_size", 100),
        ({"batch_size": 64}, "learning_rate", 0.04),
        ({"learning_rate": 0.5, "batch_size": 64}, "learning_rate", 0.5),
        ({"warmup_steps": "0"}, "warmup_steps", 0),
        ({"warmup_steps": "50%", "max_steps": 10}, "warmup_steps", 5),
        ({"base_learning_rate_factor": 0.1}, "base_learning_rate_factor", 0.1),
        ({"weight_decay": 0.0}, "weight_decay", 0.0),
        ({"label_smoothing": 0.0}, "label_smoothing", 0.0),
        ({"augment": "none"}, "augment", "none"),
        ({"augment": "auto"}, "augment", "medium"),
        ({"eval_every": "50"}, "eval_every", 50),
    ],
)
def test_what_is_given_is_never_overridden(given, field, expected):
    assert getattr(recipe(fine_tune=True, **given), field) == expected


def test_settings_of_the_optimizer():
    config = Config.of(fine_tune=True, optimizer="adamw", momentum=0.5, gradient_clip_norm=2.0, ema=0.9)
    assert optimizer_settings(config, recipe(fine_tune=True)) == OptimizerSettings(
        "adamw", 0.5, 1e-3, 2.0, 0.9
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, StoppingRules(32)),
        ({"eval_every": "50"}, StoppingRules(50)),
        ({"eval_every": "30s"}, StoppingRules(None, 30.0)),
        (
            {"early_stopping_metric": "accuracy", "early_stopping_patience": 3, "max_train_time": 60.0},
            StoppingRules(32, None, "accuracy", 3, 60.0),
        ),
    ],
)
def test_rules_of_stopping(given, expected):
    config = Config.of(fine_tune=True, **given)
    assert stopping_rules(config, recipe(fine_tune=True, **given)) == expected
