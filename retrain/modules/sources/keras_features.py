"""Which values inside a Keras model are its features, and the model that ends with them.

Features are the output of a layer that the user names; else the model's output; else, when that holds class
scores (softmax, sigmoid), what the last layer makes them from, before any dropout, which is the consumer's.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.extensions import nearest
from retrain.modules.pooling import check_pooled, described, pooling_of
from retrain.settings.module import ModuleSettings

SCORES = ("softmax", "sigmoid")


def feature_model(model: keras.Model, settings: ModuleSettings, handle: str) -> keras.Model:
    """The part of the model that gives features [B, num_features], pooled where there are several vectors."""
    name = settings.feature_output
    layer, features = _own_choice(model, handle) if name is None else _named_layer(model, name, handle)
    if not isinstance(features, keras.KerasTensor) or len(features.shape) not in (2, 3, 4):
        raise InputError(
            f"The layer {layer.name!r} of {handle!r} does not give one output [batch, num_features], [batch, "
            f"tokens, num_features] or [batch, height, width, num_features]; choose one with "
            f"--feature_output from: {_listed(model)}."
        )
    shape = tf.TensorShape(features.shape)
    pooling = pooling_of(shape, settings.feature_pooling)
    check_pooled(pooling, settings.feature_pooling, layer.name, handle)
    if pooling:
        # In float32 also where the layers compute in less.
        features = pooling(keras.ops.cast(features, "float32"))
        if shape.rank == 3:
            logging.info("%s: %s", handle, described(pooling, shape))
    logging.info("%s: features are the output of layer %r, %s values", handle, layer.name, features.shape[-1])
    return keras.Model(model.inputs[0], features)


def _named_layer(model: keras.Model, name: str, handle: str) -> tuple[keras.layers.Layer, Any]:
    """The layer, and its output."""
    names = [layer.name for layer in model.layers]
    if name in names:
        return model.get_layer(name), model.get_layer(name).output
    advice = nearest(name, names)
    raise InputError(
        f"{handle!r} has no layer {name!r}; choose with --feature_output from: {_listed(model)}"
        + (f"; did you mean {advice!r}?" if advice else ".")
    )


def _own_choice(model: keras.Model, handle: str) -> tuple[keras.layers.Layer, keras.KerasTensor]:
    """The model's own: its last layer, or the one whose values become class scores; and what it gives."""
    layers = list(_backwards(model))
    if layers and _gives_scores(layers[0][0]):
        # A softmax may be a layer of its own, behind the one with the weights.
        layers = list(itertools.dropwhile(lambda pair: not pair[0].weights, layers))[1:]
    for layer, features in layers:
        if not isinstance(layer, keras.layers.Dropout):
            return layer, features
    raise InputError(
        f"Which values of {handle!r} are features cannot be told from its layers; choose the layer that "
        f"gives them with --feature_output from: {_listed(model)}."
    )


def _backwards(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, keras.KerasTensor]]:
    """The layers from the only output back to where the model branches or begins, and what is taken of each.

    A layer may give more, as the encoder of KerasHub's DeiT does.
    """
    if isinstance(model, keras.Sequential):
        # A loaded one was built once for each layer: its layers' tensors are equal, not the same.
        yield from ((layer, layer.output) for layer in reversed(model.layers))
        return
    tensors = model.outputs
    while len(tensors) == 1:
        layer = next((layer for layer in model.layers if _gives(layer, tensors[0])), None)
        if layer is None or isinstance(layer, keras.layers.InputLayer):
            return
        yield layer, tensors[0]
        tensors = keras.tree.flatten(layer.input)


def _gives(layer: keras.layers.Layer, tensor: keras.KerasTensor) -> bool:
    return any(output is tensor for output in keras.tree.flatten(layer.output))


def _gives_scores(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.Model):
        return _gives_scores(layer.layers[-1])
    activation = getattr(layer, "activation", None)
    return isinstance(layer, keras.layers.Softmax) or getattr(activation, "__name__", None) in SCORES


def _listed(model: keras.Model) -> str:
    return ", ".join(layer.name for layer in model.layers)
