"""A classifier as a graph without variables, whatever its base is: what it computes and what it assigns.

The classifier is traced, and becomes a graph of values (see modules.graphs.pure_function).
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.modules.graphs.one_replica import one_replica
from retrain.modules.graphs.pure_function import pure_function
from retrain.modules.graphs.pure_graph import PureGraph
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
    found = pure_function(_traced(classifier, training), _variables_by_handle(classifier))
    if found is None:
        raise InputError(
            f"{classifier.handle!r} cannot be exported as a TF1 Hub module: it uses a resource that is no "
            f"variable, such as a lookup table; leave the format 'hub_module' out."
        )
    features, *others = found.outputs
    logits = dict(zip(classifier.heads, others, strict=False))
    return PureClassifier(
        graph=found.graph,
        images=found.images,
        variables=found.variables,
        features=features,
        logits=logits,
        penalties=others[len(logits) :],
    )


def _traced(classifier: ImageClassifier, training: bool) -> Any:
    images = tf.TensorSpec([None, *classifier.image_size, 3], tf.float32, name=IMAGES)

    @tf.function(input_signature=[images], autograph=False)
    def outputs(images: tf.Tensor) -> list[tf.Tensor]:
        features = classifier.base(images, training)
        logits = classifier.logits(features).values()
        return [features, *logits, *(loss() for loss in classifier.base.regularization_losses)]

    with _one_replica(classifier):
        return outputs.get_concrete_function()


def _one_replica(classifier: ImageClassifier) -> contextlib.AbstractContextManager[Any]:
    strategy = getattr(classifier.head_variables[0], "distribute_strategy", None)
    return contextlib.nullcontext() if strategy is None else one_replica(strategy)


def _variables_by_handle(classifier: ImageClassifier) -> dict[int, tf.Variable]:
    found = {}
    for variable in classifier.variables:
        strategy = getattr(variable, "distribute_strategy", None)
        copies = strategy.experimental_local_results(variable) if strategy else [variable]
        found[id(copies[0].handle)] = variable
    return found
