"""Whether the last layer of a network makes class scores of features, or makes the features themselves.

A head on class scores learns little, so that features are what such a layer reads. But networks that were
made for features end in a dense layer, too: a projection to an embedding. What speaks for either is what
stands behind and before the layer, what it is called, and how many values it makes of how many.
"""

import re
from typing import NamedTuple

import numpy as np
from absl import logging

# The words of names, of output keys too, that mean scores: "logits", "class_probabilities", "predictions".
SCORE_WORDS = {"logit", "logits", "prob", "probs", "probability", "probabilities", "score", "scores"}
SCORE_WORDS |= {"class", "classes", "prediction", "predictions", "preds", "softmax"}
SCORE_WORDS |= {"classifier", "classification", "head"}
FEATURE_WORDS = {"embedding", "embeddings", "feature", "features", "projection", "projector", "proj"}
FEATURE_WORDS |= {"bottleneck"}
# Embeddings have so many values, and a multiple of so many; few lists of classes do.
EMBEDDING, EMBEDDING_STEP = 32, 16

SCORES, FEATURES, OPEN = "scores", "features", "open"
BEFORE_HEAD = "before_head"  # what a module's fingerprint says of features that were taken so


class LastLayer(NamedTuple):
    """A dense layer at the end of a network.

    Attributes:
      count: how many values it gives.
      reads: how many values it reads.
      name: what it is called, with what only hands its values on.
      behind: "softmax", "log_softmax" or "sigmoid" where one follows.
      has_bias: whether it adds one.
      after_dropout: whether dropout acts on what it reads.
      is_normalised: whether a batch norm follows, as it does behind embeddings, and hardly behind scores.
    """

    count: int
    reads: int
    name: str
    behind: str | None = None
    has_bias: bool = True
    after_dropout: bool = False
    is_normalised: bool = False


def verdict(layer: LastLayer) -> str:
    """SCORES, FEATURES, or OPEN where nothing tells."""
    words = words_of(layer.name)
    if layer.behind or words & (SCORE_WORDS | FEATURE_WORDS):
        return FEATURES if not layer.behind and words & FEATURE_WORDS else SCORES
    if not layer.has_bias:
        return FEATURES
    if layer.after_dropout and not layer.is_normalised:
        return SCORES
    if layer.count >= layer.reads:
        return FEATURES
    if layer.count < EMBEDDING or layer.count % EMBEDDING_STEP:
        return SCORES
    return FEATURES if layer.is_normalised else OPEN


def words_of(name: str) -> set[str]:
    """The words of a name such as "class_probabilities" or "dense_1/BiasAdd"."""
    return set(re.split("[^a-z]+", name.lower()))


def tell_scores(layer: LastLayer, handle: str) -> None:
    """Says in a line that features are what the layer reads."""
    logging.info(
        "%s: its output is class scores, %d values %s; features are the %d values that its last layer "
        "reads (--module_kind=image_feature_vector takes the output itself)",
        handle,
        layer.count,
        f"behind a {layer.behind}" if layer.behind else "of a dense layer",
        layer.reads,
    )


def tell_open(layer: LastLayer, handle: str) -> str:
    """Warns that the features may be class scores; what an inspection says of it."""
    logging.warning(
        "%s: its output, %d values of a dense layer that reads %d, is taken for features, and a head learns "
        "little if it is class scores: --module_kind=image_classification says that, and takes what the "
        "layer reads; --module_kind=image_feature_vector says that it is features",
        handle,
        layer.count,
        layer.reads,
    )
    return (
        f"the {layer.count} values of a dense layer that reads {layer.reads} may be scores of classes; "
        f"--module_kind says what they are"
    )


def are_probabilities(rows: np.ndarray) -> bool:
    """Whether each row [N, C] has the sum 1."""
    return rows.shape[-1] > 1 and rows.min() >= 0 and np.allclose(rows.sum(axis=-1), 1.0, atol=1e-3)


def tell_probabilities(rows: np.ndarray, handle: str, named: str = "") -> str:
    """Warns where features [N, C] are probabilities, or logarithms of some; what an inspection says of it.

    `named` is what the user calls the output that they are, if he has named one of several.
    """
    if not are_probabilities(rows) and not are_probabilities(np.exp(np.minimum(rows, 1.0))):
        return ""
    logging.warning(
        "%s: the %d values of its output %shave the sum 1 for every image, as probabilities of classes "
        "have; a head on these learns little: use %s",
        handle,
        rows.shape[-1],
        f"{named!r} " if named else "",
        "another --feature_output" if named else "the module without its last layer",
    )
    return f"each of the {rows.shape[-1]} values may be the probability of a class: their sum is 1"
