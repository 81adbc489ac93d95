"""Whether a function of a SavedModel gives the same for the same image: as it was exported, it may not."""

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
INSTEAD = "Give the .keras file of the model, or export it without these layers."


def check_repeats(method: Method, image_size: tuple[int, int], handle: str) -> None:
    """InputError where it draws random numbers in inference, or goes by the batch, and that matters."""
    nodes = [
        node for trace in traces(method.function) if not _is_of_training(trace) for node in operations(trace)
    ]
    draws, goes_by_batch = any("Random" in node.op for node in nodes), any(map(_goes_by_batch, nodes))
    if not (draws or goes_by_batch):
        return
    images = tf.constant(np.random.default_rng(0).random([PROBES, *image_size, 3], np.float32))
    with one_replica_here(), runnable(handle):
        first = method(images, False)
        if draws and (difference := _difference(first, method(images, False))):
            raise InputError(
                f"{handle!r} draws random numbers in inference, as layers of augmentation do in what Keras 3 "
                f"exports: what it gives of the same images differs by up to {difference:.2g}. {INSTEAD}"
            )
        if goes_by_batch and (difference := _difference(first, _one_by_one(method, images))):
            raise InputError(
                f"{handle!r} normalises by the batch in inference, as batch norm does in what Keras 3 "
                f"exports of models with layers of augmentation or resizing: what it gives of an image "
                f"differs by up to {difference:.2g} with the images beside it. {INSTEAD}"
            )


def _difference(one: dict[str, tf.Tensor], other: dict[str, tf.Tensor]) -> float:
    """The largest one; 0 where none is larger than rounding may make it."""
    found = [
        float(np.abs(other[key] - values).max())
        for key, values in one.items()
        if values.dtype.is_floating and np.abs(other[key] - values).max() > TOLERANCE * np.abs(values).max()
    ]
    return max(found, default=0.0)


def _one_by_one(method: Method, images: tf.Tensor) -> dict[str, tf.Tensor]:
    rows = [method(images[row : row + 1], False) for row in range(PROBES)]
    return {key: tf.concat([row[key] for row in rows], axis=0) for key in rows[0]}


def _goes_by_batch(node: Any) -> bool:
    """Whether it is batch norm as in training, or the note that this takes of what it has seen."""
    return node.op.startswith("Assign") or ("is_training" in node.attr and node.attr["is_training"].b)


def _is_of_training(trace: Any) -> bool:
    """Whether it was traced for training alone."""
    positional, named = trace.structured_input_signature
    return any(value is True for value in (*positional, *named.values()))
