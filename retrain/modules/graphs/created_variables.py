"""Loading a module a second time into variables that there are already.

Whatever the source, its variables are made by tf.Variable, in the same order each time. So the first load
lists them, and a later one is handed others in their places. That these have the right shapes, and in the end
the right values, is left to the caller.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf


def recording(created: list[tf.Variable]) -> AbstractContextManager[None]:
    """Appends every variable that is created within."""

    def create(next_creator: Callable[..., tf.Variable], **arguments: Any) -> tf.Variable:
        created.append(next_creator(**arguments))
        return created[-1]

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
