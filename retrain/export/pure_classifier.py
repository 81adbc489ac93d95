"""A classifier as a graph without variables, whatever its base is: what it computes and what it assigns.

The classifier is traced, all functions that it calls are put in their place, and reads and writes of its
variables become inputs and outputs of the graph (see modules.graphs.pure_graph).
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import ConfigProto

# As TensorFlow's own converters do it (convert_to_constants.py); no public way puts functions in place.
from tensorflow.python.grappler import tf_optimizer

from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.modules.graphs.pure_graph import PureGraph, node_name, purify
from retrain.modules.signatures import IMAGES


class PureClassifier(NamedTuple):
    """The graph, and names in it.

    Attributes:
      graph: the pure graph; every assignment in it belongs to a training step.
      images: the node to feed with images.
      variables: the node to feed -> the variable whose value it takes.
      features, penalties: tensors; logits: those of each task.
    """

    graph: PureGraph
    images: str
    variables: Mapping[str, tf.Variable]
    features: str
    logits: Mapping[str, str]
    penalties: Sequence[str]


def pure_classifier(classifier: ImageClassifier, training: bool) -> PureClassifier:
    """Traces the classifier, for training or for inference; dropout on its features is never part of it."""
    traced = _traced(classifier, training)
    captured = dict(zip(_captured_names(traced), traced.captured_inputs, strict=True))
    variables = _variables_by_handle(classifier)
    constants = {name: value for name, value in captured.items() if value.dtype != tf.resource}
    read = {name: variables.get(id(value)) for name, value in captured.items() if name not in constants}
    if any(variable is None for variable in read.values()):
        raise InputError(
            f"{classifier.handle!r} cannot be exported as a TF1 Hub module: it uses a resource that is no "
            f"variable, such as a lookup table; leave 'hub_module' out of --export_formats."
        )
    graph_def = _inlined(traced)
    _embed(graph_def, constants)
    _release(graph_def, {node_name(tensor.name) for tensor in traced.outputs})
    features, *others = (tensor.name for tensor in traced.outputs)
    logits = dict(zip(classifier.heads, others, strict=False))
    penalties = others[len(logits) :]
    types = {name: variable.dtype.as_datatype_enum for name, variable in read.items()}
    return PureClassifier(
        graph=purify(graph_def, types),
        images=node_name(traced.inputs[0].name),
        variables=read,
        features=features,
        logits=logits,
        penalties=penalties,
    )


def _traced(classifier: ImageClassifier, training: bool) -> Any:
    images = tf.TensorSpec([None, *classifier.image_size, 3], tf.float32, name=IMAGES)

    @tf.function(input_signature=[images], autograph=False)
    def outputs(images: tf.Tensor) -> list[tf.Tensor]:
        features = classifier.base(images, training)
        logits = classifier.logits(features).values()
        return [features, *logits, *(loss() for loss in classifier.base.regularization_losses)]

    # Variables of several replicas read and assign as the one of the first replica does.
    with _first_replica(classifier):
        return outputs.get_concrete_function()


def _first_replica(classifier: ImageClassifier) -> contextlib.AbstractContextManager[Any]:
    strategy = getattr(classifier.head_variables[0], "distribute_strategy", None)
    if strategy is None:
        return contextlib.nullcontext()
    return tf.distribute.ReplicaContext(strategy, replica_id_in_sync_group=0)


def _captured_names(traced: Any) -> list[str]:
    """The nodes of the graph that stand for what it captured, in the order of `captured_inputs`."""
    return [node_name(tensor.name) for tensor in traced.inputs[1:]]


def _variables_by_handle(classifier: ImageClassifier) -> dict[int, tf.Variable]:
    found = {}
    for variable in classifier.variables:
        strategy = getattr(variable, "distribute_strategy", None)
        copies = strategy.experimental_local_results(variable) if strategy else [variable]
        found[id(copies[0].handle)] = variable
    return found


def _inlined(traced: Any) -> tf.compat.v1.GraphDef:
    """The traced graph with the bodies of all functions in the place of their calls."""
    graph_def = traced.graph.as_graph_def()
    meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph_def, graph=traced.graph)
    # What the optimizer finds in this collection stays.
    kept = [tensor.name for tensor in (*traced.inputs, *traced.outputs)]
    meta_graph.collection_def["train_op"].node_list.value.extend(kept)
    config = ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    options.optimizers.append("function")
    options.function_optimization = options.AGGRESSIVE
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _embed(graph_def: tf.compat.v1.GraphDef, constants: Mapping[str, tf.Tensor]) -> None:
    """Puts captured values that are no variables into the graph."""
    for node in graph_def.node:
        if node.name in constants:
            value = constants[node.name].numpy()
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = constants[node.name].dtype.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _release(graph_def: tf.compat.v1.GraphDef, outputs: set[str]) -> None:
    """Lets what is returned not wait for what is assigned, as it does in a tf.function."""
    for node in graph_def.node:
        if node.name in outputs:
            data = [key for key in node.input if not key.startswith("^")]
            del node.input[:]
            node.input.extend(data)
