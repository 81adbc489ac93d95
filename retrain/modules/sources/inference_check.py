"""Whether a function of a SavedModel gives the same for the same images: as it was exported, it may not."""

from typing import Any

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.one_replica import one_replica_here
from retrain.modules.graphs.traced_graph import operations
from retrain.modules.runnable import runnable
from retrain.modules.sources.saved_model_methods import Method, traces

PROBES = 4
TOLERANCE = 1e-3  # of the largest value


def check_repeats(method: Method, image_size: tuple[int, int], handle: str) -> None:
    """InputError where it draws random numbers in inference, and they matter."""
    if not any(_is_random(trace) for trace in traces(method.function)):
        return
    images = tf.constant(np.random.default_rng(0).random([PROBES, *image_size, 3], np.float32))
    with one_replica_here(), runnable(handle):
        first, second = (method(images, False) for _ in range(2))
    for key in (key for key, values in first.items() if values.dtype.is_floating):
        difference = np.abs(second[key] - first[key]).max()
        if difference > TOLERANCE * np.abs(first[key]).max():
            raise InputError(
                f"{handle!r} draws random numbers in inference, as layers of augmentation do in what Keras 3 "
                f"exports: what it gives of the same images differs by up to {difference:.2g}. Give the "
                f".keras file of the model, or export it without these layers."
            )


def _is_random(trace: Any) -> bool:
    """Whether it draws random numbers, unless it was traced for training alone."""
    positional, named = trace.structured_input_signature
    is_of_training = any(value is True for value in (*positional, *named.values()))
    return not is_of_training and any("Random" in node.op for node in operations(trace))
