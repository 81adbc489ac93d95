import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.metrics import exclusive_classes
from retrain.heads.published import PublishedHead

NAMES = ("a", "b", "c", "d", "e", "f", "g")
HEAD = PublishedHead(NAMES, {"my f": 5, "my b": 1})
# Of four images of "my f" and "my b": f, f; f, a. The right class of the last is the sixth best.
LOGITS = np.asarray(
    [
        [0, 1, 2, 3, 4, 9, 5],
        [0, 1, 2, 3, 4, 9, 5],
        [0, 5, 1, 2, 3, 9, 4],
        [9, 0, 1, 2, 3, 4, -1],
    ],
    np.float32,
)


def test_folders_are_encoded_by_what_they_mean():
    encoded = HEAD.encode(["my b", "my f", "my b"])
    assert encoded.tolist() == [1, 5, 1]
    assert encoded.dtype == np.int32


def test_predictions_are_the_publishers_labels():
    assert HEAD.predicted(LOGITS) == ["f", "f", "f", "a"]


def test_figures_are_of_the_classes_in_the_folder():
    labels = HEAD.encode(["my f", "my f", "my b", "my b"])
    probabilities = HEAD.probabilities(tf.constant(LOGITS)).numpy()
    figures = HEAD.metrics(labels, probabilities)
    assert (figures["accuracy"], figures["top_5_accuracy"], figures["count"]) == (0.5, 0.75, 4)
    assert figures["classes"] == {
        "my f": {"precision": 2 / 3, "recall": 1.0, "f1": 0.8, "count": 2},
        "my b": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "count": 2},
    }
    assert "confusion_matrix" not in figures
    all_classes = exclusive_classes(labels, probabilities, NAMES)
    for key in ("accuracy", "accuracy_interval", "average_loss", "top_5_accuracy", "count"):
        assert figures[key] == all_classes[key]
    assert figures["classes"]["my f"] == all_classes["classes"]["f"]


def test_two_folders_of_one_class_have_the_same_figures():
    head = PublishedHead(NAMES, {"x": 5, "y": 5})
    classes = head.metrics(head.encode(["x", "y"]), LOGITS[:2] + 1)["classes"]
    assert classes["x"] == classes["y"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "count": 2}


def test_scores_that_are_probabilities_stay():
    probabilities = tf.nn.softmax(LOGITS)
    np.testing.assert_array_equal(HEAD.probabilities(probabilities), probabilities)
    np.testing.assert_allclose(HEAD.probabilities(tf.constant(LOGITS)), probabilities)
    assert float(tf.reduce_sum(HEAD.probabilities(2 * probabilities)[0])) == pytest.approx(1)
