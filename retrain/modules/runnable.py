"""What TensorFlow cannot compute of a module, on this machine or of images so small, in a sentence."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

from retrain.causes import cause_of
from retrain.errors import InputError

# "No registered OpKernel", and operations that have one, but not of that kind.
UNCOMPUTABLE = (tf.errors.UnimplementedError, tf.errors.NotFoundError)
# Of an image that has become smaller than what a layer looks at.
TOO_SMALL = re.compile(
    r"Negative dimension size caused by subtracting \d+ from \d+|Computed output size would be .*negative"
)


@contextlib.contextmanager
def runnable(handle: str) -> Iterator[None]:
    """Around what runs a module: InputError where this machine cannot."""
    try:
        yield
    except UNCOMPUTABLE as error:
        cause = cause_of(error).rstrip(".")
        raise InputError(
            f"{handle!r} cannot be run on this machine by TensorFlow {tf.__version__} ({cause}): use a "
            f"machine with a GPU or another CPU, or another module."
        ) from error


@contextlib.contextmanager
def takes_size(handle: str, image_size: tuple[int, int]) -> Iterator[None]:
    """Around what builds for images of this size what says that it takes any: InputError where it cannot."""
    try:
        yield
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        why = TOO_SMALL.search(str(error))
        cause = why[0] if why else cause_of(error).rstrip(".")
        raise InputError(
            f"{handle!r} does not take images of {image_size[0]} x {image_size[1]} pixels ({cause}): give "
            f"another --image_size, as a rule the one that it was trained on."
        ) from error
