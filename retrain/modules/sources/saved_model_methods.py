"""How a function of a loaded SavedModel is called with images, and what it gives, read off its traces.

A *method* is a restored function with one trace for each way it was called before it was saved; a *signature*
is one trace with named arguments, made for inference. Which of them stands for what is left to saved_model.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.modules.signatures import DEFAULT_OUTPUT, takes_images, takes_no_images


class Method(NamedTuple):
    """A function that takes images, called as `method(images, training)`.

    Attributes:
      function: the restored function or signature.
      keyword: the name of the images argument where it must be named.
      training: the arguments that say training=False, and training=True, to this function.
      images: what its traces take.
      outputs: what it gives, by key.
    """

    function: Callable[..., Any]
    keyword: str | None
    training: Mapping[bool, Mapping[str, Any]]
    images: Sequence[tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]

    def __call__(self, images: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        if self.keyword is None:
            return by_key(self.function(images, **self.training[training]))
        return by_key(self.function(**{self.keyword: images}, **self.training[training]))


class _Trace(NamedTuple):
    """One way to be called: its first argument and the tensors beside it, and what says training."""

    inputs: list[Any]
    keyword: str | None
    training: list[Any]
    outputs: Any


def traces(function: Any) -> list[Any]:
    """The concrete functions behind a method or a signature; none when it is neither."""
    if hasattr(function, "structured_input_signature"):
        return [function]
    return list(getattr(function, "concrete_functions", ()))


def read_method(function: Callable[..., Any], handle: str) -> Method:
    """How to call the function with images; InputError when it was not made for batches of RGB images."""
    found = [_read_trace(function, trace) for trace in traces(function)]
    usable = [trace for trace in found if takes_images(trace.inputs)]
    if not usable:
        raise takes_no_images(handle, [trace.inputs for trace in found])
    return Method(
        function,
        usable[0].keyword,
        _training_arguments([value for trace in usable for value in trace.training]),
        [trace.inputs[0] for trace in usable],
        by_key(usable[0].outputs),
    )


def by_key(structure: Any) -> dict[str, Any]:
    """Tensors, or their specs, by key, `default` first; an only one is the default, whatever its name."""
    if isinstance(structure, Mapping):
        outputs = dict(structure)
    elif isinstance(structure, list | tuple):
        outputs = {f"output_{index}": value for index, value in enumerate(structure)}
    else:
        outputs = {DEFAULT_OUTPUT: structure}
    if len(outputs) == 1:
        return {DEFAULT_OUTPUT: next(iter(outputs.values()))}
    return {key: outputs[key] for key in sorted(outputs, key=lambda key: (key != DEFAULT_OUTPUT, key))}


def _read_trace(function: Callable[..., Any], trace: Any) -> _Trace:
    positional, keywords = trace.structured_input_signature
    names = inspect.getfullargspec(function).args if positional else []
    arguments = dict(zip(names, positional, strict=False)) | dict(sorted(keywords.items()))
    first = next(iter(arguments), None)
    others = [
        value
        for name, value in arguments.items()
        if name not in (first, "training") and isinstance(value, tf.TensorSpec)
    ]
    return _Trace(
        inputs=[arguments.get(first), *others],
        keyword=None if positional else first,
        training=[arguments["training"]] if "training" in arguments else [],
        outputs=trace.structured_outputs,
    )


def _training_arguments(values: list[Any]) -> dict[bool, dict[str, Any]]:
    """How to say training; a function traced for one value only is always called with that."""
    if not values:
        return {False: {}, True: {}}
    if any(isinstance(value, tf.TensorSpec) for value in values):
        return {False: {"training": False}, True: {"training": True}}
    inference = next(value for value in (False, None, True) if value in values)
    return {False: {"training": inference}, True: {"training": True if True in values else inference}}
