"""The class scores that a Keras model ends in, where features were expected, and the model without them.

The last layer is looked for through nested models: a pretrained base in a Sequential, a classifier behind its
preprocessing, a softmax behind a classifier. Whether it makes scores says class_scores, or `module_kind`.
"""

from typing import NamedTuple

import keras
import numpy as np

from retrain.errors import InputError
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.class_scores import (
    OPEN,
    SCORES,
    LastLayer,
    tell_open,
    tell_probabilities,
    tell_scores,
    verdict,
)
from retrain.modules.sources.keras_graph import backwards, is_transparent, step_to
from retrain.modules.sources.keras_tail import KerasTail, is_dense, is_product
from retrain.settings.module import ModuleSettings

PROBES = 4


class Head(NamedTuple):
    """The last layer of a model, and the tensor of the model that it reads, before any dropout."""

    layer: LastLayer
    reads: keras.KerasTensor


class BeforeHead(NamedTuple):
    """The model to take features of: a part or not, and what speaks against its output being features."""

    model: keras.Model
    is_part: bool = False
    doubt: str = ""


def before_head(model: keras.Model, settings: ModuleSettings, handle: str) -> BeforeHead:
    """The model without the layer that makes class scores, if there is one; it is told."""
    kind = settings.module_kind
    if kind is not None and settings.feature_output is not None:
        raise InputError(
            f"--feature_output={settings.feature_output} names what of {handle!r} is features, and "
            f"--module_kind={kind} says what its output is: give one of the two."
        )
    if kind == IMAGE_FEATURE_VECTOR or settings.feature_output is not None or len(model.outputs) != 1:
        return BeforeHead(model)
    head = find_head(model.outputs[0])
    if head is None:
        _check_not_asked(kind, handle)
        return BeforeHead(model, doubt=_doubt_of_values(model, settings.image_size, handle))
    found = SCORES if kind == IMAGE_CLASSIFICATION else verdict(head.layer)
    if found == OPEN:
        return BeforeHead(model, doubt=tell_open(head.layer, handle))
    if found != SCORES:
        return BeforeHead(model)
    tell_scores(head.layer, handle)
    return BeforeHead(keras.Model(model.inputs[0], head.reads), is_part=True)


def _check_not_asked(kind: str | None, handle: str) -> None:
    if kind == IMAGE_CLASSIFICATION:
        raise InputError(
            f"{handle!r} does not end in a dense layer, whose input would be its features: leave "
            f"--module_kind={kind} out, and name the layer that gives them with --feature_output."
        )


def _doubt_of_values(model: keras.Model, image_size: int | None, handle: str) -> str:
    """What the model's own values say, where no layer tells what they are."""
    output = model.outputs[0]
    is_pooled = "Pooling" in type(step_to(output).operation).__name__
    size = [side or image_size for side in model.input_shape[1:3]]
    if len(output.shape) != 2 or is_pooled or None in size:
        return ""
    images = np.random.default_rng(0).random([PROBES, *size, 3], np.float32)
    rows = keras.Model(model.inputs[0], output)(images, training=False)
    return tell_probabilities(keras.ops.convert_to_numpy(rows), handle)


def find_head(output: keras.KerasTensor, tail: KerasTail | None = None) -> Head | None:
    """The last layer that multiplies by weights, if its values are but handed on, or squashed to scores."""
    tail = tail or KerasTail()
    for operation, inputs, _ in backwards(output):
        if is_transparent(operation):
            inside = find_head(operation.outputs[0], tail)
            if inside is not None:
                part = keras.Model(operation.inputs[0], inside.reads)
                return inside._replace(reads=part(inputs[0]))
        elif is_product(operation):
            return _head(operation, inputs[0], tail)
        else:
            tail.pass_by(operation, inputs)
        if tail.is_end:
            return None
    return None


def _head(layer: keras.layers.Layer, read: keras.KerasTensor, tail: KerasTail) -> Head | None:
    tail.pass_product(layer)
    if not tail.behind and not (tail.is_linear and is_dense(layer, read)):
        tail.is_end = True
        return None
    steps = (step for step in backwards(read) if not isinstance(step.operation, keras.layers.Dropout))
    before = next((step.output for step in steps), read)
    last = LastLayer(
        count=layer.compute_output_spec(read).shape[-1],
        reads=read.shape[-1],
        name=" ".join(tail.names),
        behind=tail.behind,
        has_bias=tail.has_bias,
        after_dropout=before is not read,
        is_normalised=tail.is_normalised,
    )
    return Head(last, before)
