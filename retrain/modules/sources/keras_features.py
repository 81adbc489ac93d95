"""Which values inside a Keras model are its features, and the model that ends with them.

Features are the output of a layer that the user names; else the model's output; else, when that holds class
scores (softmax, sigmoid), what the last layer makes them from, before any dropout, which is the consumer's.
"""

import itertools
from collections.abc import Iterator

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
    layer = _feature_layer(model, handle) if name is None else _named_layer(model, name, handle)
    features = layer.output
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


def _named_layer(model: keras.Model, name: str, handle: str) -> keras.layers.Layer:
    names = [layer.name for layer in model.layers]
    if name in names:
        return model.get_layer(name)
    advice = nearest(name, names)
    raise InputError(
        f"{handle!r} has no layer {name!r}; choose with --feature_output from: {_listed(model)}"
        + (f"; did you mean {advice!r}?" if advice else ".")
    )


def _feature_layer(model: keras.Model, handle: str) -> keras.layers.Layer:
    """The model's own choice: its last layer, or the one whose values become class scores."""
    layers = list(_backwards(model))
    if layers and _gives_scores(layers[0]):
        # A softmax may be a layer of its own, behind the one with the weights.
        layers = list(itertools.dropwhile(lambda layer: not layer.weights, layers))[1:]
    for layer in layers:
        if not isinstance(layer, keras.layers.Dropout):
            return layer
    raise InputError(
        f"Which values of {handle!r} are features cannot be told from its layers; choose the layer that "
        f"gives them with --feature_output from: {_listed(model)}."
    )


def _backwards(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers from the only output back to where the model branches or begins."""
    if isinstance(model, keras.Sequential):
        # A loaded one was built once for each layer: its layers' tensors are equal, not the same.
        yield from reversed(model.layers)
        return
    tensors = model.outputs
    while len(tensors) == 1:
        layer = next((layer for layer in model.layers if layer.output is tensors[0]), None)
        if layer is None or isinstance(layer, keras.layers.InputLayer):
            return
        yield layer
        tensors = keras.tree.flatten(layer.input)


def _gives_scores(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.Model):
        return _gives_scores(layer.layers[-1])
    activation = getattr(layer, "activation", None)
    return isinstance(layer, keras.layers.Softmax) or getattr(activation, "__name__", None) in SCORES


def _listed(model: keras.Model) -> str:
    return ", ".join(layer.name for layer in model.layers)
