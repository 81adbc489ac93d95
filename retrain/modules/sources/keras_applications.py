"""The models of keras.applications by name: `keras:NAME[:WEIGHTS]`, without their classification layers.

WEIGHTS is `imagenet`, downloaded by Keras into its own cache, or `none`, random but the same each time. Their
preprocessing takes pixels in [0, 255], whatever it makes of them.
"""

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import keras

from retrain.errors import InputError
from retrain.modules.sources.named_sources import IMAGE_SIZES


def application(handle: str, image_size: int | None) -> tuple[keras.Model, Callable[..., Any]]:
    """The model [B, H, W, 3] -> [B, num_features], and what makes its inputs of pixels in [0, 255]."""
    _, name, *weights = handle.split(":")
    constructor = getattr(keras.applications, name)
    side = image_size or IMAGE_SIZES[name]
    with _reproducible(), _explained(handle, image_size):
        model = constructor(
            include_top=False,
            weights=None if weights == ["none"] else "imagenet",
            input_shape=(side, side, 3),
            pooling="avg",
        )
    family = constructor.__module__.rpartition(".")[2]
    return model, getattr(keras.applications, family).preprocess_input


@contextlib.contextmanager
def _reproducible() -> Iterator[None]:
    """Draws the same random weights each time: Keras seeds its initializers from Python's generator."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _explained(handle: str, image_size: int | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if image_size and isinstance(error, ValueError):
            raise InputError(
                f"{handle!r} does not take images of {image_size} x {image_size} pixels ({error}): give "
                f"another --image_size, or leave it out."
            ) from error
        # Keras raises a bare Exception, with these words, when a download fails.
        if str(error).startswith("URL fetch failure"):
            raise InputError(
                f"The weights of {handle!r} could not be downloaded ({error}): check the connection, or use "
                f"a module that is on this machine."
            ) from error
        raise
