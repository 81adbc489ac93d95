"""What TensorFlow cannot compute of a module on this machine, in a sentence."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from retrain.causes import cause_of
from retrain.errors import InputError

# "No registered OpKernel", and operations that have one, but not of that kind.
UNCOMPUTABLE = (tf.errors.UnimplementedError, tf.errors.NotFoundError)


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
