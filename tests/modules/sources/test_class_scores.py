import pytest

from retrain.modules.sources.class_scores import FEATURES, OPEN, SCORES, LastLayer, verdict, words_of


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
