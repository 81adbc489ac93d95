"""Whether the output of a module that matters can be used, and whether one that the user names is features.

A head on class scores learns little, and of several outputs one often gives these.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.modules.graphs.one_replica import one_replica_here
from retrain.modules.image_module import ImageModule
from retrain.modules.pooling import AUTO, check_pooled, described, pooling_of
from retrain.modules.runnable import runnable
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.class_scores import are_probabilities, tell_probabilities

PROBES = 4


def check_output(module: ImageModule, signature: str) -> None:
    """Raises InputError unless the output that matters is a vector, or can be averaged to one."""
    outputs = module.signatures[signature].outputs
    key = module.feature_output if signature == IMAGE_FEATURE_VECTOR else DEFAULT_OUTPUT
    if key not in outputs:
        raise InputError(
            f"{module.handle!r} has no output {key!r} in {signature}; it has: {_listed(module, signature)}. "
            f"Name the one that holds the features with --feature_output."
        )
    spec = outputs[key]
    asked = module.feature_pooling if signature == IMAGE_FEATURE_VECTOR else AUTO
    pooling = pooling_of(spec.shape, asked)
    check_pooled(pooling, asked, key, module.handle)
    channels = pooling.channels if pooling else -1
    if not spec.dtype.is_floating or not (pooling or spec.shape.rank == 2) or spec.shape[channels] is None:
        raise InputError(
            f"The output {key!r} of {module.handle!r} in {signature} is {spec.dtype.name} {spec.shape}, and "
            f"what can be used is float32 (None, n), or (None, tokens, n) or (None, height, width, n) to be "
            f"pooled, with n known; its outputs are: {', '.join(outputs)}."
        )
    if pooling and spec.shape.rank == 3:
        logging.info("%s: %s", module.handle, described(pooling, spec.shape))


def tell_named_scores(module: ImageModule, named: str) -> None:
    """A warning where the features, which the user has `named`, are probabilities; not in a graph."""
    rows = _vectors(module, IMAGE_FEATURE_VECTOR).get(module.feature_output)
    if rows is not None:
        tell_probabilities(rows, module.handle, named)


def _listed(module: ImageModule, signature: str) -> str:
    """Its outputs with their shapes, and which are probabilities."""
    vectors = _vectors(module, signature)
    scores = {key for key, rows in vectors.items() if are_probabilities(rows)}
    return ", ".join(
        f"{key} {spec.shape}{' of the sum 1, as probabilities of classes have' * (key in scores)}"
        for key, spec in module.signatures[signature].outputs.items()
    )


def _vectors(module: ImageModule, signature: str) -> Mapping[str, np.ndarray]:
    """What it gives of a few images, by output, as far as that is vectors; nothing in a graph."""
    if not tf.executing_eagerly():
        return {}
    images = np.random.default_rng(0).random([PROBES, *module.image_size, 3], np.float32)
    with one_replica_here(), runnable(module.handle):
        found = module.outputs(tf.constant(images), signature)
    return {
        key: values.numpy()
        for key, values in found.items()
        if values.shape.rank == 2 and values.dtype.is_floating
    }
