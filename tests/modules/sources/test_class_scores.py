import numpy as np
import pytest

from retrain.modules.sources.class_scores import (
    FEATURES,
    OPEN,
    SCORES,
    LastLayer,
    are_probabilities,
    tell_probabilities,
    verdict,
    words_of,
)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (LastLayer(5, 1280, "dense"), SCORES),
        (LastLayer(100, 1280, "dense"), SCORES),
        (LastLayer(1000, 1280, "dense"), SCORES),
        (LastLayer(1000, 256, "predictions"), SCORES),
        (LastLayer(1000, 256, "conv_preds reshape_2"), SCORES),
        (LastLayer(1000, 256, "dense", after_dropout=True), SCORES),
        (LastLayer(128, 2048, "dense", behind="softmax"), SCORES),
        (LastLayer(128, 2048, "embedding", behind="sigmoid"), SCORES),
        (LastLayer(128, 2048, "classifier", has_bias=False), SCORES),
        (LastLayer(128, 2048, "dense_3"), OPEN),
        (LastLayer(32, 40, "dense"), OPEN),
        (LastLayer(7, 40, "batch_normalization dense", is_normalised=True), SCORES),
        (LastLayer(512, 2048, "dense", is_normalised=True), FEATURES),
        (LastLayer(512, 2048, "dense", after_dropout=True, is_normalised=True), FEATURES),
        (LastLayer(512, 2048, "dense", behind="log_softmax", is_normalised=True), SCORES),
        (LastLayer(128, 2048, "dense", has_bias=False), FEATURES),
        (LastLayer(128, 2048, "projection_head"), FEATURES),
        (LastLayer(5, 1280, "Embeddings"), FEATURES),
        (LastLayer(512, 512, "dense"), FEATURES),
    ],
)
def test_what_the_last_layer_makes(layer, expected):
    assert verdict(layer) == expected


def test_words():
    assert words_of("Class_probabilities/dense-1") == {"class", "probabilities", "dense", ""}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0.2, 0.8], [0.5, 0.5]], True),
        ([[0.2, 0.8], [0.5, 0.6]], False),
        ([[-0.2, 1.2], [0.5, 0.5]], False),
        ([[1.0], [1.0]], False),
    ],
)
def test_probabilities(rows, expected):
    assert are_probabilities(np.array(rows)) == expected
    assert bool(tell_probabilities(np.array(rows), "m")) == expected


def test_logarithms_of_probabilities():
    rows = np.log([[0.2, 0.8], [0.5, 0.5]])
    assert tell_probabilities(rows, "m") == (
        "each of the 2 values may be the probability of a class: their sum is 1"
    )
    assert [are_probabilities(rows), tell_probabilities(1000.0 * rows, "m")] == [False, ""]
