"""Class scores that a SavedModel gives where features were expected, and the features that make them.

A classifier that Keras exported has one output whose name says nothing: behind a softmax or a sigmoid, or the
logits of a dense layer with fewer outputs than inputs. A head on class scores learns little, so the features
are what that layer reads, before any dropout, which is the consumer's.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.modules.graphs.graph_part import GraphFunction
from retrain.modules.graphs.pure_function import PureFunction, pure_function
from retrain.modules.graphs.pure_graph import node_name
from retrain.modules.signatures import DEFAULT_OUTPUT
from retrain.modules.sources.saved_model_methods import Method, traces

SCORES = {"Softmax": "behind a softmax", "Sigmoid": "behind a sigmoid"}
BIASES = {"BiasAdd", "AddV2"}
HANDED_ON = {"Identity", "Cast", "Reshape", "Squeeze"}
PASSED = {*SCORES, *BIASES, *HANDED_ON}
PROBES = 4


class _LastLayer(NamedTuple):
    """The tensor that the last dense layer reads, and what its outputs are."""

    reads: str
    scores: str | None


class _FeatureFunction:
    """images, training -> the features; what is traced of it is what the whole module was."""

    def __init__(
        self, whole: Method, functions: Mapping[bool, GraphFunction], pure: Mapping[bool, PureFunction]
    ):
        self.concrete_functions = traces(whole.function)
        self._functions, self._pure = functions, pure

    def __call__(self, images: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        variables = self._pure[training].variables
        return self._functions[training](variables, tf.convert_to_tensor(images), apply_updates=training)


def before_head(whole: Method, image_size: tuple[int, int], handle: str) -> Method | None:
    """The method that gives the features, and a line that tells of it; None where the output is no scores.

    None and a warning where it is scores, and the features cannot be had.
    """
    count = whole.outputs[DEFAULT_OUTPUT].shape[-1]
    probe = tf.constant(np.random.default_rng(0).random([PROBES, *image_size, 3], np.float32))
    pure = {training: _pure(whole, image_size, training) for training in (False, True)}
    layer = None if None in pure.values() else _last_layer(pure[False])
    features = None if layer is None else _features(whole, pure, layer, image_size, handle)
    if features is None:
        if count > 1 and _are_probabilities(whole(probe, False)[DEFAULT_OUTPUT].numpy()):
            _warn(handle, count)
        return None
    shape = features(probe, False)[DEFAULT_OUTPUT].shape
    if shape[0] != PROBES or not (layer.scores or count < shape[-1]):
        return None
    logging.info(
        "%s: its output is class scores, %d values %s; features are the %d values that its last layer "
        "reads (--module_kind=image_feature_vector takes the output itself)",
        handle,
        count,
        SCORES.get(layer.scores, "of a dense layer"),
        shape[-1],
    )
    said = {training: {"training": training} for training in (False, True)}
    outputs = {DEFAULT_OUTPUT: tf.TensorSpec([None, *shape[1:]], tf.float32)}
    return whole._replace(function=features, keyword=None, training=said, outputs=outputs)


def _warn(handle: str, count: int) -> None:
    logging.warning(
        "%s: the %d values of its output have the sum 1 for every image, as probabilities of classes have; a "
        "head on these learns little: use the module without its last layer",
        handle,
        count,
    )


def _pure(whole: Method, image_size: tuple[int, int], training: bool) -> PureFunction | None:
    @tf.function(input_signature=[tf.TensorSpec([None, *image_size, 3], tf.float32)], autograph=False)
    def output(images: tf.Tensor) -> tf.Tensor:
        return whole(images, training)[DEFAULT_OUTPUT]

    used = [variable for trace in traces(whole.function) for variable in trace.variables]
    return pure_function(output.get_concrete_function(), {id(variable.handle): variable for variable in used})


def _last_layer(pure: PureFunction) -> _LastLayer | None:
    """The dense layer, or convolution, whose output only scores and reshapes follow; None where none is."""
    nodes = pure.graph.nodes
    passed, node = [], nodes[node_name(pure.outputs[0])]
    while node.op in PASSED:
        passed.append(node.op)
        node = nodes[node_name(node.input[0])]
    scores = next((op for op in passed if op in SCORES), None)
    if node.op not in ("MatMul", "Conv2D") or not (scores or BIASES & set(passed)):
        return None
    weights = nodes[node_name(node.input[1])]
    while weights.op in HANDED_ON:
        weights = nodes[node_name(weights.input[0])]
    is_constant = weights.op == "Const" or weights.name in pure.variables
    return _LastLayer(_tensor(node.input[0]), scores) if is_constant else None


def _features(
    whole: Method,
    pure: Mapping[bool, PureFunction],
    layer: _LastLayer,
    image_size: tuple[int, int],
    handle: str,
) -> _FeatureFunction | None:
    spec = tf.TensorSpec([None, *image_size, 3], tf.float32)
    trained = _last_layer(pure[True])
    if trained is None:
        return None
    # In training a dropout may stand between; the layer before it has the name that it has in inference.
    before = node_name(layer.reads) in pure[True].graph.ancestors([trained.reads])
    reads = {False: layer.reads, True: layer.reads if before else trained.reads}
    try:
        functions = {
            training: GraphFunction(
                of.graph,
                {of.images: spec},
                {DEFAULT_OUTPUT: reads[training]},
                list(of.graph.updates.values()) if training else [],
                handle,
            )
            for training, of in pure.items()
        }
    except InputError:
        return None
    return _FeatureFunction(whole, functions, pure)


def _tensor(key: str) -> str:
    return key if ":" in key else f"{key}:0"


def _are_probabilities(rows: np.ndarray) -> Any:
    return (rows >= 0).all() and np.allclose(rows.sum(axis=-1), 1.0, atol=1e-3)
