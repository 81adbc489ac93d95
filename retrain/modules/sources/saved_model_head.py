"""Class scores that a SavedModel gives where features were expected, and the features that make them.

A classifier that Keras exported has one output whose name says nothing: behind a softmax or a sigmoid, or the
logits of a dense layer. Which layer that is shows in the graph; whether it makes scores says class_scores, or
`module_kind`. Features are what it reads, before any dropout, which is the consumer's.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import GraphFunction
from retrain.modules.graphs.last_product import LastProduct, last_product
from retrain.modules.graphs.one_replica import one_replica_here
from retrain.modules.graphs.pure_function import PureFunction, pure_function
from retrain.modules.runnable import runnable
from retrain.modules.signatures import DEFAULT_OUTPUT
from retrain.modules.sources.class_scores import (
    FEATURES,
    OPEN,
    LastLayer,
    tell_open,
    tell_probabilities,
    tell_scores,
    verdict,
)
from retrain.modules.sources.saved_model_methods import Method, traces

PROBES = 4


class BeforeHead(NamedTuple):
    """The method that gives the features, if it is another; what speaks against the output being features."""

    method: Method | None = None
    doubt: str = ""


class _FeatureFunction:
    """images, training -> the features; what is traced of it is what the whole module was."""

    def __init__(
        self, whole: Method, functions: Mapping[bool, GraphFunction], pure: Mapping[bool, PureFunction]
    ):
        self.concrete_functions = traces(whole.function)
        self._functions, self._pure = functions, pure
        self.is_map = False  # of one place: what a convolution reads that does what a dense layer would

    def __call__(self, images: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        variables = self._pure[training].variables
        outputs = self._functions[training](variables, tf.convert_to_tensor(images), apply_updates=training)
        if self.is_map:
            outputs[DEFAULT_OUTPUT] = tf.squeeze(outputs[DEFAULT_OUTPUT], [1, 2])
        return outputs


def before_head(whole: Method, image_size: tuple[int, int], handle: str, is_scores: bool) -> BeforeHead:
    """The features where the output is class scores, as `is_scores` or the graph says; it is told."""
    with one_replica_here():
        return _before_head(whole, image_size, handle, is_scores)


def _before_head(whole: Method, image_size: tuple[int, int], handle: str, is_scores: bool) -> BeforeHead:
    probe = tf.constant(np.random.default_rng(0).random([PROBES, *image_size, 3], np.float32))
    pure = {training: _pure(whole, image_size, training) for training in (False, True)}
    heads = {} if None in pure.values() else {training: _head(of) for training, of in pure.items()}
    features = None
    if heads and None not in heads.values():
        features = _features(whole, pure, heads, probe, handle)
    if features is None:
        with runnable(handle):
            rows = whole(probe, False)[DEFAULT_OUTPUT].numpy()
        return BeforeHead(doubt="" if is_scores else tell_probabilities(rows, handle))
    shape = features(probe, False)[DEFAULT_OUTPUT].shape
    # A graph need not say how wide its output is; a run does.
    count = whole.outputs[DEFAULT_OUTPUT].shape[-1] or whole(probe, False)[DEFAULT_OUTPUT].shape[-1]
    layer = _described(heads, count, shape[-1])
    found = verdict(layer)
    if not is_scores and found == OPEN:
        return BeforeHead(doubt=tell_open(layer, handle))
    if not is_scores and found == FEATURES:
        return BeforeHead()
    tell_scores(layer, handle)
    said = {training: {"training": training} for training in (False, True)}
    outputs = {DEFAULT_OUTPUT: tf.TensorSpec([None, *shape[1:]], tf.float32)}
    return BeforeHead(whole._replace(function=features, keyword=None, training=said, outputs=outputs))


def _described(heads: Mapping[bool, LastProduct], count: int, reads: int) -> LastLayer:
    head = heads[False]
    return LastLayer(
        count,
        reads,
        # That of the layer, and not of the model that it stands in: "model/predictions/MatMul".
        name=head.name.split("/")[-2] if "/" in head.name else head.name,
        behind=head.behind,
        has_bias=head.has_bias,
        after_dropout=heads[True].after_dropout,
        is_normalised=head.is_normalised,
    )


def _pure(whole: Method, image_size: tuple[int, int], training: bool) -> PureFunction | None:
    @tf.function(input_signature=[tf.TensorSpec([None, *image_size, 3], tf.float32)], autograph=False)
    def output(images: tf.Tensor) -> tf.Tensor:
        return whole(images, training)[DEFAULT_OUTPUT]

    used = [variable for trace in traces(whole.function) for variable in trace.variables]
    return pure_function(output.get_concrete_function(), {id(variable.handle): variable for variable in used})


def _head(pure: PureFunction) -> LastProduct | None:
    return last_product(pure.graph, pure.outputs[0], pure.images)


def _features(
    whole: Method,
    pure: Mapping[bool, PureFunction],
    heads: Mapping[bool, LastProduct],
    probe: tf.Tensor,
    handle: str,
) -> _FeatureFunction | None:
    """What the heads read of each image; None where it cannot be computed, or is of several images."""
    spec = tf.TensorSpec([None, *probe.shape[1:]], tf.float32)
    try:
        functions = {
            training: GraphFunction(
                of.graph,
                {of.images: spec},
                {DEFAULT_OUTPUT: heads[training].reads},
                list(of.graph.updates.values()) if training else [],
                handle,
            )
            for training, of in pure.items()
        }
    except InputError:
        return None
    features = _FeatureFunction(whole, functions, pure)
    shape = features(probe, False)[DEFAULT_OUTPUT].shape
    features.is_map = shape[1:3] == [1, 1]
    return features if shape[0] == PROBES else None
