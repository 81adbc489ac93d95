"""How a function of a loaded SavedModel is called with images, and what it gives, read off its traces.

A *method* is a restored function with one trace for each way it was called before it was saved; a *signature*
is one trace with named arguments, made for inference. Which of them stands for what is left to saved_model.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.signatures import DEFAULT_OUTPUT


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
    """One way to be called: the first argument, tensors that are asked for beside it, what says training."""

    images: Any
    others: list[tf.TensorSpec]
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
    usable = [trace for trace in found if _are_images(trace.images) and not trace.others]
    if not usable:
        listed = ", ".join(sorted({_described_inputs(trace) for trace in found}))
        raise InputError(
            f"{handle!r} takes {listed}, and an image module takes RGB images in batches of any size, "
            f"float32 [None, height, width, 3]: use a module made for these."
        )
    return Method(
        function,
        usable[0].keyword,
        _training_arguments([value for trace in usable for value in trace.training]),
        [trace.images for trace in usable],
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
    return _Trace(
        images=arguments.get(first),
        others=[
            value
            for name, value in arguments.items()
            if name not in (first, "training") and isinstance(value, tf.TensorSpec)
        ],
        keyword=None if positional else first,
        training=[arguments["training"]] if "training" in arguments else [],
        outputs=trace.structured_outputs,
    )


def _are_images(argument: Any) -> bool:
    """Whether a trace's first argument is float32 [None, height, width, 3], as far as its shape is known."""
    return (
        isinstance(argument, tf.TensorSpec)
        and argument.dtype == tf.float32
        and argument.shape.is_compatible_with([None, None, None, 3])
        # Compatible is also what demands one batch size.
        and (argument.shape.rank is None or argument.shape.as_list()[0] is None)
    )


def _described_inputs(trace: _Trace) -> str:
    return " with ".join(map(_described, [trace.images, *trace.others]))


def _described(argument: Any) -> str:
    if isinstance(argument, tf.TensorSpec):
        shape = "of any shape" if argument.shape.rank is None else argument.shape.as_list()
        return f"{argument.dtype.name} {shape}"
    return "no images" if argument is None else f"a {type(argument).__name__}"


def _training_arguments(values: list[Any]) -> dict[bool, dict[str, Any]]:
    """How to say training; a function traced for one value only is always called with that."""
    if not values:
        return {False: {}, True: {}}
    if any(isinstance(value, tf.TensorSpec) for value in values):
        return {False: {"training": False}, True: {"training": True}}
    inference = next(value for value in (False, None, True) if value in values)
    return {False: {"training": inference}, True: {"training": True if True in values else inference}}
