"""Which values inside a Keras model are its features, and the model that ends with them.

Features are the output of a layer that the user names; else the model's output, before any dropout, which is
the consumer's. What is before the class scores of a classifier is left to keras_head.
"""

import keras
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.extensions import nearest
from retrain.modules.pooling import check_pooled, described, pooling_of
from retrain.modules.sources.keras_graph import backwards, output_of, step_to
from retrain.settings.module import ModuleSettings


def feature_model(model: keras.Model, settings: ModuleSettings, handle: str) -> keras.Model:
    """The part of the model that gives features [B, num_features], pooled where there are several vectors."""
    name = settings.feature_output
    features = _own_output(model, handle) if name is None else _named_output(model, name, handle)
    layer = step_to(features).operation.name
    if len(features.shape) not in (2, 3, 4):
        raise InputError(
            f"The layer {layer!r} of {handle!r} does not give one output [batch, num_features], [batch, "
            f"tokens, num_features] or [batch, height, width, num_features]; choose one with "
            f"--feature_output from: {_listed(model)}."
        )
    shape = tf.TensorShape(features.shape)
    pooling = pooling_of(shape, settings.feature_pooling)
    check_pooled(pooling, settings.feature_pooling, layer, handle)
    if pooling:
        # In float32 also where the layers compute in less.
        features = pooling(keras.ops.cast(features, "float32"), keras.ops.mean, keras.ops.max)
        if shape.rank == 3:
            logging.info("%s: %s", handle, described(pooling, shape))
    logging.info("%s: features are the output of layer %r, %s values", handle, layer, features.shape[-1])
    return keras.Model(model.inputs[0], features)


def _named_output(model: keras.Model, name: str, handle: str) -> keras.KerasTensor:
    found = output_of(model, name)
    if found is not None:
        return found
    advice = nearest(name, [layer.name for layer in model.layers])
    raise InputError(
        f"{handle!r} has no layer {name!r}; choose with --feature_output from: {_listed(model)}"
        + (f"; did you mean {advice!r}?" if advice else ".")
    )


def _own_output(model: keras.Model, handle: str) -> keras.KerasTensor:
    """The output of the model, before any dropout."""
    for step in backwards(model.outputs[0]) if len(model.outputs) == 1 else ():
        if not isinstance(step.operation, keras.layers.Dropout):
            return step.output
    raise InputError(
        f"Which values of {handle!r} are features cannot be told from its layers; choose the layer that "
        f"gives them with --feature_output from: {_listed(model)}."
    )


def _listed(model: keras.Model) -> str:
    return ", ".join(layer.name for layer in model.layers)
