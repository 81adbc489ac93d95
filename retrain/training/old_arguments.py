"""What tf.estimator's users type and this Estimator does not take: a sentence that says what to do instead.

The names are those of its Estimator, specs and exporters; what an argument is at its place shows by its type.
"""

import functools
import inspect
import numbers
import os
from collections.abc import Callable
from typing import Any, TypeVar

from retrain.errors import InputError

EVERY_STEPS = "EvalSpec(every_steps=N) says when to evaluate"
HOOKS = "call train(input_fn, steps=N) in a loop of your own, and do in between what a hook did"
RECEIVER = "an export takes images, float32 [batch, height, width, 3] in [0, 1]"
CHECKPOINTS = "Estimator(save_checkpoints_steps=N) says when to save"
INSTEAD = {
    "hooks": HOOKS,
    "saving_listeners": HOOKS,
    "model_fn": "give the model, Estimator(model, model_dir, optimizer)",
    "config": f"{CHECKPOINTS}, and seed and strategy are arguments, too",
    "params": "give the model and the optimizer as they are to be",
    "warm_start_from": "assign to model.variables before training",
    "steps": "every example is evaluated; give an input_fn of fewer, dataset.take(N)",
    "predict_keys": "each prediction has all keys, and costs the same",
    "yield_single_examples": "predictions come one dict an example; tf.stack those of a batch",
    "serving_input_receiver_fn": RECEIVER,
    "assets_extra": "write files into the directory that is returned",
    "as_text": "tf.saved_model reads the binary form",
    "experimental_mode": "an export has the modes that its module has",
    "event_file_pattern": "the exporter remembers the best figures beside its exports",
    "throttle_secs": EVERY_STEPS,
    "start_delay_secs": EVERY_STEPS,
}
# What an argument must be that stands where tf.estimator had another.
PATH = (str, os.PathLike)
TYPES = {
    "name": str,
    "checkpoint_path": PATH,
    "steps": numbers.Integral,
    "max_steps": numbers.Integral,
    "exports_to_keep": numbers.Integral,
}

Explained = TypeVar("Explained", bound=Callable[..., Any])


def explained(function: Explained) -> Explained:
    """The function, or the constructor of a class, where what tf.estimator's took is an InputError."""
    if isinstance(function, type):
        function.__init__ = explained(function.__init__)
        return function
    signature = inspect.signature(function)
    what = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*given: Any, **named: Any) -> Any:
        old = next((name for name in named if name in INSTEAD and name not in signature.parameters), None)
        if old is not None:
            raise InputError(f"{what} has no {old!r}, as tf.estimator had: {INSTEAD[old]}.")
        for name, value in signature.bind(*given, **named).arguments.items():
            if value is not None and not isinstance(value, TYPES.get(name, object)):
                order = ", ".join(other for other in signature.parameters if other != "self")
                raise InputError(
                    f"{what} got {value!r} as {name!r}: its arguments are not tf.estimator's, but ({order}); "
                    f"give them by name."
                )
        return function(*given, **named)

    return checked
