"""From Config to the plain values that the floors below take."""

import pathlib

from retrain.cache_directory import user_cache_directory
from retrain.head_search.recipe import BATCH_SIZE, head_steps
from retrain.settings.config import Config


def feature_cache_directory(config: Config) -> pathlib.Path | None:
    """Where features are kept; None keeps none."""
    if config.feature_cache is None:
        return user_cache_directory()
    return None if config.feature_cache == "none" else pathlib.Path(config.feature_cache)


def head_batch_size(config: Config) -> int:
    """Examples in a step of training heads on features."""
    return config.batch_size or BATCH_SIZE


def training_steps(config: Config, count: int) -> int:
    """Steps over `count` training images: as the user said, else by the recipe."""
    if config.max_steps is not None:
        return config.max_steps
    if config.train_epochs is not None:
        return max(1, round(config.train_epochs * count / head_batch_size(config)))
    return head_steps(count, head_batch_size(config))
