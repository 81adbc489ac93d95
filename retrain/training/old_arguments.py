"""What tf.estimator's users type and this Estimator does not take: a sentence that says what to do instead.

The names are those of its Estimator, specs and exporters; what an argument is at its place shows by its type.
"""

import functools
import inspect
import numbers
import os
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from retrain.errors import InputError
from retrain.model import ImageClassifier

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
# Names of its methods and properties that are no more.
GONE = {
    **dict.fromkeys(
        ("export_savedmodel", "experimental_export_all_saved_models"),
        "export_saved_model(export_dir_base) exports it",
    ),
    **dict.fromkeys(
        ("get_variable_names", "get_variable_value"),
        "model.variables are its variables; tf.train.load_checkpoint(latest_checkpoint()) reads saved ones",
    ),
    **dict.fromkeys(("model_fn", "params"), "model, and loop.optimizer, are what it trains"),
    "config": "model_dir and save_checkpoints_steps are its properties",
}
# What arguments are, where tf.estimator had others, or had them at other places.
PATH = ("a path", (str, os.PathLike))
NUMBER = ("a whole number", numbers.Integral)
ARGUMENTS = {
    "model": ("a retrain.ImageClassifier", ImageClassifier),
    "model_dir": PATH,
    "optimizer": ("a Keras optimizer", keras.optimizers.Optimizer),
    "input_fn": ("a function that returns a tf.data.Dataset", Callable),
    "name": ("a string", str),
    "checkpoint_path": PATH,
    "steps": NUMBER,
    "max_steps": NUMBER,
    "exports_to_keep": NUMBER,
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
        _check_places(what, signature, given, named)
        return function(*given, **named)

    return checked


def gone(name: str) -> Exception:
    """What asking an Estimator for an attribute that it has not raises."""
    if name in GONE:
        return InputError(f"Estimator has no {name!r}, as tf.estimator had: {GONE[name]}.")
    return AttributeError(f"'Estimator' object has no attribute {name!r}")


def _check_places(
    what: str, signature: inspect.Signature, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    order = ", ".join(name for name in signature.parameters if name != "self")
    places = [one for one in signature.parameters.values() if one.kind is one.POSITIONAL_OR_KEYWORD]
    if len(given) > len(places):
        raise InputError(
            f"{what} takes ({order}), and not all that tf.estimator's did: leave out {given[len(places)]!r}."
        )
    for name, value in signature.bind(*given, **named).arguments.items():
        words, kind = ARGUMENTS.get(name, ("", object))
        is_left_out = value is None and signature.parameters[name].default is not inspect.Parameter.empty
        if not is_left_out and not isinstance(value, kind):
            raise InputError(
                f"{what} takes {words} as {name!r}, but got {value!r}; its arguments are ({order})."
            )
