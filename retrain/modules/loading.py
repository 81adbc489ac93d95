"""From a handle to an ImageModule that its consumer can use: loaded by its source, and checked.

It can be loaded a second time, into variables that there are already: whatever the source, its variables are
made by tf.Variable, in the same order each time. So the first load lists them (`recording`), and a later one
is handed others in their places (`replacing`). That these have the right shapes, and in the end the right
values, is left to the caller.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.modules.image_module import ImageModule, check_has_signature
from retrain.modules.pooling import AUTO, check_pooled, described, pooling_of
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.source import DEFAULTS, source_of
from retrain.settings.module import ModuleSettings


def load_module(
    handle: str,
    settings: ModuleSettings = DEFAULTS,
    signature: str = IMAGE_FEATURE_VECTOR,
    bfloat16: bool = False,
) -> ImageModule:
    """Loads the module; `signature` is the one that the caller is going to use."""
    module = source_of(handle).load(settings, bfloat16)
    check_has_signature(handle, module.signatures, signature)
    _check_output(module, signature)
    return module


def recording(created: list[tf.Variable]) -> AbstractContextManager[None]:
    """Appends every variable that is created within."""

    def create(next_creator: Callable[..., tf.Variable], **arguments: Any) -> tf.Variable:
        created.append(next_creator(**arguments))
        return created[-1]

    return tf.variable_creator_scope(create)


def frozen() -> AbstractContextManager[None]:
    """Makes every variable that is created within one that is not trained."""

    def create(next_creator: Callable[..., tf.Variable], **arguments: Any) -> tf.Variable:
        return next_creator(**arguments | {"trainable": False})

    return tf.variable_creator_scope(create)


def replacing(variables: Mapping[int, tf.Variable]) -> AbstractContextManager[None]:
    """Gives these variables, by their place in the order of creation, where others would be created within.

    They are assigned the values with which the others would begin, if there are any.
    """
    count = 0

    def create(next_creator: Callable[..., tf.Variable], **arguments: Any) -> tf.Variable:
        nonlocal count
        count += 1
        if count - 1 not in variables:
            return next_creator(**arguments)
        variable, value = variables[count - 1], arguments.get("initial_value")
        if value is not None:
            variable.assign(value() if callable(value) else value)
        return variable

    return tf.variable_creator_scope(create)


def _check_output(module: ImageModule, signature: str) -> None:
    """Raises InputError unless the output that matters is a vector, or can be averaged to one."""
    outputs = module.signatures[signature].outputs
    key = module.feature_output if signature == IMAGE_FEATURE_VECTOR else DEFAULT_OUTPUT
    if key not in outputs:
        raise InputError(
            f"{module.handle!r} has no output {key!r} in {signature}; it has: {', '.join(outputs)}. Name the "
            f"one that holds the features with --feature_output."
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
