import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.metrics import exclusive_classes
from retrain.heads.softmax import PublishedHead, SoftmaxHead

HEAD = SoftmaxHead(["a", "b", "c"])
LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1.0, 3.0, -2.0]], np.float32)
LABELS = np.array([0, 2, 0], np.int32)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_labels_are_positions_of_names():
    labels = HEAD.encode(["c", "a", "c"])
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 0, 2]
    np.testing.assert_array_equal(HEAD.targets(labels), [[0, 0, 1], [1, 0, 0], [0, 0, 1]])


def test_evidence_is_how_far_the_largest_logit_stands_out():
    np.testing.assert_allclose(HEAD.evidence(tf.constant(LOGITS)), [1.5, 0.0, 7 / 3], rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_loss_and_its_gradient_against_numpy(smoothing):
    targets = np.eye(3, dtype=np.float32)[LABELS]
    smooth = targets * (1 - smoothing) + smoothing / 3
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = HEAD.loss(HEAD.targets(LABELS), logits, smoothing)
    np.testing.assert_allclose(loss, -(smooth * np.log(softmax(LOGITS))).sum(-1), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, logits), softmax(LOGITS) - smooth, atol=1e-6)


def test_loss_of_many_trials_each_with_its_smoothing():
    many = np.stack([LOGITS, 2 * LOGITS], axis=1)
    smoothing = tf.constant([[0.0], [0.2]])
    losses = HEAD.loss(HEAD.targets(LABELS)[:, None, :], many, smoothing)
    assert losses.shape == (3, 2)
    np.testing.assert_allclose(losses[:, 0], HEAD.loss(HEAD.targets(LABELS), LOGITS), rtol=1e-6)
    np.testing.assert_allclose(losses[:, 1], HEAD.loss(HEAD.targets(LABELS), 2 * LOGITS, 0.2), rtol=1e-6)


def test_loss_stays_finite_for_large_logits():
    loss = HEAD.loss(HEAD.targets(np.array([1])), tf.constant([[1e4, -1e4, 0.0]]))
    np.testing.assert_allclose(loss, [2e4])


def test_probabilities_and_predictions():
    probabilities = HEAD.probabilities(tf.constant(LOGITS)).numpy()
    np.testing.assert_allclose(probabilities, softmax(LOGITS), rtol=1e-6)
    assert HEAD.predicted(probabilities) == ["a", "a", "b"]


def test_without_class_weights_all_examples_count_the_same():
    np.testing.assert_array_equal(HEAD.example_weights(LABELS, "none"), [1, 1, 1])


def test_balanced_weights_give_each_class_an_equal_share():
    labels = np.array([0, 0, 0, 1], np.int32)  # class 2 has no example, and no share
    weights = HEAD.example_weights(labels, "balanced")
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])
    assert weights.mean() == pytest.approx(1)


PUBLISHED_NAMES = ("a", "b", "c", "d", "e", "f", "g")
PUBLISHED = PublishedHead(PUBLISHED_NAMES, {"my f": 5, "my b": 1})
# Of four images of "my f" and "my b": f, f; f, a. The right class of the last is the sixth best.
PUBLISHED_LOGITS = np.asarray(
    [
        [0, 1, 2, 3, 4, 9, 5],
        [0, 1, 2, 3, 4, 9, 5],
        [0, 5, 1, 2, 3, 9, 4],
        [9, 0, 1, 2, 3, 4, -1],
    ],
    np.float32,
)


def test_folders_are_encoded_by_what_they_mean():
    encoded = PUBLISHED.encode(["my b", "my f", "my b"])
    assert encoded.tolist() == [1, 5, 1]
    assert encoded.dtype == np.int32


def test_predictions_are_the_publishers_labels():
    assert PUBLISHED.predicted(PUBLISHED_LOGITS) == ["f", "f", "f", "a"]


def test_figures_are_of_the_classes_in_the_folder():
    labels = PUBLISHED.encode(["my f", "my f", "my b", "my b"])
    probabilities = PUBLISHED.probabilities(tf.constant(PUBLISHED_LOGITS)).numpy()
    figures = PUBLISHED.metrics(labels, probabilities)
    assert (figures["accuracy"], figures["top_5_accuracy"], figures["count"]) == (0.5, 0.75, 4)
    assert figures["classes"] == {
        "my f": {"precision": 2 / 3, "recall": 1.0, "f1": 0.8, "count": 2},
        "my b": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "count": 2},
    }
    assert "confusion_matrix" not in figures
    all_classes = exclusive_classes(labels, probabilities, PUBLISHED_NAMES)
    for key in ("accuracy", "accuracy_interval", "average_loss", "top_5_accuracy", "count"):
        assert figures[key] == all_classes[key]
    assert figures["classes"]["my f"] == all_classes["classes"]["f"]


def test_two_folders_of_one_class_have_the_same_figures():
    head = PublishedHead(PUBLISHED_NAMES, {"x": 5, "y": 5})
    classes = head.metrics(head.encode(["x", "y"]), PUBLISHED_LOGITS[:2] + 1)["classes"]
    assert classes["x"] == classes["y"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "count": 2}


def test_scores_that_are_probabilities_stay():
    probabilities = tf.nn.softmax(PUBLISHED_LOGITS)
    np.testing.assert_array_equal(PUBLISHED.probabilities(probabilities), probabilities)
    np.testing.assert_allclose(PUBLISHED.probabilities(tf.constant(PUBLISHED_LOGITS)), probabilities)
    assert float(tf.reduce_sum(PUBLISHED.probabilities(2 * probabilities)[0])) == pytest.approx(1)


def test_certainties_are_of_labelled_examples():
    head = SoftmaxHead(["a", "b"])
    probabilities = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], np.float32)
    sure, right = head.certainties(np.array([0, 0, -1], np.int32), probabilities)
    np.testing.assert_array_equal(sure, [0.75, 0.75])
    np.testing.assert_array_equal(right, [True, False])
    assert head.detections(np.array([0, 0, -1], np.int32), probabilities) == {}


def test_heads_of_as_many_classes_are_trained_as_one():
    labels = HEAD.encode([HEAD.class_names[0]])
    trained = HEAD.trained_on(labels, "none")
    other = SoftmaxHead([f"other {name}" for name in HEAD.class_names])
    assert other.trained_on(labels, "balanced") is trained
    assert trained.num_classes == HEAD.num_classes
    assert SoftmaxHead(["x", *HEAD.class_names]).trained_on(labels, "none") is not trained
    assert PUBLISHED.trained_on(labels, "none") is PUBLISHED


@pytest.mark.parametrize(
    ("behind", "scores", "expected"),
    [
        ("sigmoid", [[0.5, 0.9, 0.2]], [[0.5, 0.9, 0.2]]),
        ("softmax", [[0.2, 0.3, 0.5]], [[0.2, 0.3, 0.5]]),
        ("log_softmax", np.log([[0.2, 0.3, 0.5]]), [[0.2, 0.3, 0.5]]),
    ],
)
def test_scores_that_went_through_something_go_through_nothing_more(behind, scores, expected):
    head = PublishedHead(["a", "b", "c"], {}, behind)
    np.testing.assert_allclose(head.probabilities(tf.constant(scores, tf.float32)), expected, rtol=1e-6)


def test_one_score_is_the_share_of_the_second_of_two_classes():
    logit, share = tf.constant([[1.0], [-2.0]]), 1 / (1 + np.exp([-1.0, 2.0]))
    expected = np.stack([1 - share, share], axis=1)
    two, one = ["cat", "dog"], ["dog"]
    np.testing.assert_allclose(PublishedHead(two, {}).probabilities(logit), expected, rtol=1e-6)
    behind = PublishedHead(two, {}, "sigmoid").probabilities(tf.constant(share[:, None], tf.float32))
    np.testing.assert_allclose(behind, expected, rtol=1e-6)
    np.testing.assert_allclose(PublishedHead(one, {}).probabilities(logit), expected[:, 1:], rtol=1e-6)
