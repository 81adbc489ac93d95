import pathlib

import pytest

from retrain.commands.options import feature_cache_directory, training_steps
from retrain.settings.config import Config


def test_where_features_are_kept(user_cache):
    assert feature_cache_directory(Config()) == user_cache
    assert feature_cache_directory(Config(feature_cache="none")) is None
    assert feature_cache_directory(Config(feature_cache="/cache")) == pathlib.Path("/cache")


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, 1000),
        ({"max_steps": 7}, 7),
        ({"train_epochs": 2.0}, 200),
        ({"train_epochs": 0.5, "batch_size": 300}, 17),
        ({"train_epochs": 1e-6}, 1),
        ({"batch_size": 1000}, 1000),
    ],
)
def test_how_many_steps(settings, steps):
    assert training_steps(Config(**settings), 10_000) == steps
