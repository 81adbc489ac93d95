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

from retrain.modules.image_module import ImageModule, check_has_signature
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.modules.sources.output_check import check_output, tell_named_scores
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
    check_output(module, signature)
    if settings.feature_output and signature == IMAGE_FEATURE_VECTOR:
        tell_named_scores(module, settings.feature_output)
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
