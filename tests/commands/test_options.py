import pathlib

import pytest

from retrain.commands.options import feature_cache_directory, module_options, training_steps
from retrain.modules.image_module import ModuleOptions
from retrain.settings.config import Config


def test_what_the_user_said_of_the_module():
    assert module_options(Config.of()) == ModuleOptions()
    config = Config.of(
        image_size=160, module_kind="image_feature_vector", module_input_range=(-1.0, 1.0), feature_output="x"
    )
    assert module_options(config) == ModuleOptions((160, 160), "image_feature_vector", (-1.0, 1.0), "x")


def test_where_features_are_kept(user_cache):
    assert feature_cache_directory(Config.of()) == user_cache
    assert feature_cache_directory(Config.of(feature_cache="none")) is None
    assert feature_cache_directory(Config.of(feature_cache="/cache")) == pathlib.Path("/cache")


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
    assert training_steps(Config.of(**settings), 10_000) == steps
