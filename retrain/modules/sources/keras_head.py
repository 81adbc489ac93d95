"""The class scores that a Keras model ends in, where features were expected, and the model without them.

The last layer is looked for through nested models: a pretrained base in a Sequential, a classifier behind its
preprocessing, a softmax behind a classifier. Whether it makes scores says class_scores, or `module_kind`.
"""

from typing import NamedTuple

import keras

from retrain.errors import InputError
from retrain.modules.signatures import IMAGE_CLASSIFICATION, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.class_scores import OPEN, SCORES, LastLayer, tell_open, tell_scores, verdict
from retrain.modules.sources.keras_graph import backwards, is_transparent
from retrain.settings.module import ModuleSettings

FUNCTIONS = ("softmax", "sigmoid")
HANDED_ON = (keras.layers.Activation, keras.layers.Flatten, keras.layers.Reshape, keras.layers.Identity)


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
        return BeforeHead(model)
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


def find_head(output: keras.KerasTensor, behind: str | None = None, name: str = "") -> Head | None:
    """The last layer with weights, where only what hands its values on follows, or a softmax or sigmoid."""
    for operation, inputs, _ in backwards(output):
        if is_transparent(operation):
            inside = find_head(operation.outputs[0], behind, name)
            part = inside and keras.Model(operation.inputs[0], inside.reads)
            return inside and inside._replace(reads=part(inputs[0]))
        behind, name = behind or _function_of(operation), f"{operation.name} {name}"
        if getattr(operation, "weights", ()):
            return _head(operation, inputs[0], behind, name)
        if not behind and not isinstance(operation, HANDED_ON):
            return None
    return None


def _head(layer: keras.layers.Layer, read: keras.KerasTensor, behind: str | None, name: str) -> Head | None:
    if not behind and not _is_dense(layer, read):
        return None
    steps = (step for step in backwards(read) if not isinstance(step.operation, keras.layers.Dropout))
    before = next((step.output for step in steps), read)
    last = LastLayer(
        count=layer.compute_output_spec(read).shape[-1],
        reads=read.shape[-1],
        name=name,
        behind=behind,
        has_bias=getattr(layer, "use_bias", False),
        after_dropout=before is not read,
    )
    return Head(last, before)


def _is_dense(layer: keras.layers.Layer, read: keras.KerasTensor) -> bool:
    """Whether it makes a vector of a vector, linearly; a convolution of one place does, too."""
    is_of_vector = len(read.shape) == 2 or read.shape[1:-1] == (1, 1)
    is_linear = getattr(layer, "activation", None) in (None, keras.activations.linear)
    return is_of_vector and is_linear and isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)


def _function_of(operation: keras.Operation) -> str | None:
    if isinstance(operation, keras.layers.Softmax):
        return FUNCTIONS[0]
    name = getattr(getattr(operation, "activation", None), "__name__", None)
    return name if name in FUNCTIONS else None
