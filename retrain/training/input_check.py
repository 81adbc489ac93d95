"""What an input_fn gives, held against what a model takes: one sentence where it does not fit.

Shapes and types are known before the first batch is drawn; values are looked at as batches pass: labels by
the heads, of images the first of each batch. Labels and weights may be columns, [B, 1], as tf.estimator took
them; an only task needs no name.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.head import Head
from retrain.model import FEATURES, IMAGES, ImageClassifier

# The message of a failed assertion: a sentence without its end, and the value that it ends with.
FAILED = re.compile(r"assertion failed: \[(.*?)\] \[(.*?)\]", re.DOTALL)
# Resizing and augmentation go a little beyond [0, 1]; -1 to 1, and 0 to 255, go far.
FAR_BELOW, FAR_ABOVE = -0.5, 1.5
PIXELS = "Images have values in [0, 1] (those of 8 bits divided by 255), but an input_fn gave"


def check_is_dataset(batches: Any) -> None:
    """Raises InputError for what has no batches to draw."""
    if not isinstance(batches, tf.data.Dataset):
        raise InputError(
            f"An input_fn returns a tf.data.Dataset of batches, but this one returned a "
            f"{type(batches).__name__}: make one with tf.data.Dataset.from_tensor_slices(...).batch(...)."
        )


def check_batches(batches: Any, model: ImageClassifier) -> None:
    """Raises InputError unless these are batches (inputs, labels) or (inputs, labels, weights)."""
    check_is_dataset(batches)
    spec = batches.element_spec
    if not isinstance(spec, tuple) or len(spec) not in (2, 3):
        raise InputError(
            f"Batches are (inputs, labels) or (inputs, labels, weights), but an input_fn gave {spec}."
        )
    inputs, labels, *weights = spec
    _check_inputs(inputs, model)
    for task, of_task in _by_task(labels, model.heads, "labels").items():
        _check_column(of_task, f"Labels of task {task!r}", model.heads[task].labels_shape)
    for given in weights:
        by_task = _by_task(given, model.heads, "weights") if isinstance(given, Mapping) else {"": given}
        for of_task in by_task.values():
            _check_column(of_task, "Weights", ())


def check_inputs(batches: Any, model: ImageClassifier) -> None:
    """Raises InputError unless these are batches of inputs for the model, with or without labels."""
    check_is_dataset(batches)
    spec = batches.element_spec
    _check_inputs(spec[0] if isinstance(spec, tuple) else spec, model)


def with_checked_images(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches; of one whose first image is not in [0, 1], `input_errors` tells."""
    spec = batches.element_spec
    if IMAGES not in (spec[0] if isinstance(spec, tuple) else spec):
        return batches

    def checked(inputs: dict[str, tf.Tensor], *others: Any) -> Any:
        with tf.control_dependencies([_check_pixels(inputs[IMAGES][:1])]):
            inputs = {**inputs, IMAGES: tf.identity(inputs[IMAGES])}
        return (inputs, *others) if isinstance(spec, tuple) else inputs

    return batches.map(checked)


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Within, a value that no label has is an InputError."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = FAILED.search(str(error))
        if found is None:
            raise
        # TensorFlow escapes quotes, and the bytes of what is not ASCII.
        sentence = found[1].encode().decode("unicode_escape").encode("latin-1").decode()
        raise InputError(f"{sentence} {found[2]}.") from error


def _check_pixels(images: tf.Tensor) -> tf.Operation:
    values = tf.reshape(images, [-1])
    far = tf.boolean_mask(values, (values < FAR_BELOW) | (values > FAR_ABOVE))
    # Not tf.debugging.Assert, whose message is another one outside of graphs.
    return tf.raw_ops.Assert(condition=tf.size(far) == 0, data=[PIXELS, far[:1]])


def _check_inputs(inputs: Any, model: ImageClassifier) -> None:
    """Raises InputError unless these specs are of images or features that the model takes."""
    shapes = {IMAGES: (None, *model.image_size, 3), FEATURES: (None, model.base.num_features)}
    found = next((key for key in reversed(shapes) if isinstance(inputs, Mapping) and key in inputs), None)
    if found is None:
        bare = isinstance(inputs, tf.TensorSpec)
        given = f"{inputs.dtype.name} {inputs.shape} without a name" if bare else inputs
        raise InputError(
            f"Inputs are {{'images': float32 {_shown(shapes[IMAGES])}}} or {{'features': float32 "
            f"{_shown(shapes[FEATURES])}}}, but an input_fn gave {given}."
        )
    spec = inputs[found]
    if spec.dtype != tf.float32 or not spec.shape.is_compatible_with(shapes[found]):
        by_8_bits = found == IMAGES and spec.dtype == tf.uint8
        raise InputError(
            f"The input {found!r} is float32 {_shown(shapes[found])} for this model, but an "
            f"input_fn gave {spec.dtype.name} {spec.shape}"
            + (": tf.image.convert_image_dtype(images, tf.float32) makes it." if by_8_bits else ".")
        )


def _by_task(values: Any, heads: Mapping[str, Head], what: str) -> dict[str, Any]:
    if not isinstance(values, Mapping) and len(heads) == 1:
        return dict.fromkeys(heads, values)
    missing = [task for task in heads if not isinstance(values, Mapping) or task not in values]
    if missing:
        given = (
            f"there are those of {', '.join(map(repr, values))}"
            if isinstance(values, Mapping)
            else "they have no names"
        )
        raise InputError(f"{what.capitalize()} come by task, and {missing[0]!r} has none: {given}.")
    return {task: values[task] for task in heads}


def _check_column(spec: Any, what: str, of_example: tuple[int, ...]) -> None:
    """Numbers [B, *of_example]; [B, 1] for [B], too."""
    shapes = [(None, *of_example), *([] if of_example else [(None, 1)])]
    words = " or ".join(map(_shown, shapes))
    if not isinstance(spec, tf.TensorSpec):
        raise InputError(f"{what} are a dense tensor {words}, but an input_fn gave a {type(spec).__name__}.")
    numbers = spec.dtype.is_floating or spec.dtype.is_integer or spec.dtype.is_bool
    fits = spec.shape.rank is not None and any(spec.shape.is_compatible_with(shape) for shape in shapes)
    if not (numbers and fits):
        raise InputError(
            f"{what} are numbers of the shape {words}, but an input_fn gave {spec.dtype.name} {spec.shape}."
        )


def _shown(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('B' if size is None else str(size) for size in shape)}]"
