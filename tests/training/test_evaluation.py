import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.training.estimator import Estimator
from retrain.training.evaluation import (
    figures_by_task,
    judged,
    labelled_logits,
    loss_error,
    told,
)
from tests.training import worlds

HEADS = {"kind": SoftmaxHead(["a", "b"]), "colour": SoftmaxHead(["red", "green", "blue"])}
LABELS = {"kind": np.array([0, 1]), "colour": np.array([2, 2])}
PROBABILITIES = {
    "kind": np.array([[0.5, 0.5], [0.25, 0.75]]),
    "colour": np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]),
}


def test_figures_of_one_task_have_plain_keys():
    figures = figures_by_task({"kind": HEADS["kind"]}, LABELS, PROBABILITIES)
    assert figures["loss"] == figures["average_loss"] == pytest.approx(-np.log([0.5, 0.75]).mean())
    assert figures["accuracy"] == 1.0


def test_figures_of_several_tasks_are_told_apart():
    figures = figures_by_task(HEADS, LABELS, PROBABILITIES)
    assert figures["accuracy/kind"] == 1.0
    assert figures["accuracy/colour"] == 0.5
    assert figures["loss"] == pytest.approx(-np.log([0.5, 0.75]).mean() - np.log([0.25, 0.8]).mean())
    assert "accuracy" not in figures


def test_batches_are_joined_in_their_order_and_weights_are_passed_over(loaded_module, tmp_path):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    batches = worlds.feature_batches(5).map(lambda inputs, labels: (inputs, labels, labels["label"]))
    labels, logits = labelled_logits(loop, batches)
    np.testing.assert_array_equal(labels["label"], worlds.LABELS)
    np.testing.assert_array_equal(logits["label"], np.zeros([worlds.COUNT, 3]))


@pytest.mark.parametrize("head", [SoftmaxHead(["a", "b"]), SigmoidHead(["a", "b"], positive_weights=[9, 9])])
def test_the_loss_of_a_certain_mistake_is_that_of_its_logits(head):
    """And no class is balanced in it."""
    logits = np.float32([[200.0, -200.0], [0.0, 0.0]])
    labels = head.encode(["b", "a"])
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    figures = figures_by_task({"a": head}, {"a": labels}, {"a": probabilities}, logits={"a": logits})
    mistake = {"softmax": 400.0, "sigmoid": 200.0}[head.kind]
    assert figures["loss"] == figures["average_loss"] == pytest.approx((mistake + np.log(2)) / 2)


def test_a_model_that_no_longer_gives_numbers_has_no_figures(loaded_module, tmp_path):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    figures, loss, _ = judged(loop, worlds.feature_batches(), calibrate=False)
    assert figures["loss"] == loss == pytest.approx(np.log(3))
    loop.model.biases["label"].assign([0.0, np.nan, 0.0])
    figures, loss, _ = judged(loop, worlds.feature_batches(), calibrate=True)
    assert figures == {}
    assert np.isnan(loss)


def test_a_step_is_judged_by_heads_as_they_would_be_exported(loaded_module, tmp_path):
    """A model that is surer than it is right, and one as sure as it is right, differ by a temperature."""
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    loop.model.kernels["label"].assign(50.0 * np.eye(3)[:, [1, 2, 0]])  # wrong throughout
    as_it_is, raw, _ = judged(loop, worlds.feature_batches(), calibrate=False)
    calibrated, also_raw, _ = judged(loop, worlds.feature_batches(), calibrate=True)
    assert as_it_is["loss"] == raw == also_raw
    assert calibrated["loss"] < 0.2 * raw
    assert calibrated["accuracy"] == as_it_is["accuracy"]


@pytest.mark.parametrize("calibrate", [True, False])
def test_the_loss_is_told_with_its_standard_error(loaded_module, tmp_path, calibrate):
    loop = Estimator(worlds.classifier(loaded_module), tmp_path).loop
    assert judged(loop, worlds.feature_batches(), calibrate).loss_error == pytest.approx(0.0, abs=1e-6)
    loop.model.biases["label"].assign([1.0, 0.0, 0.0])
    head, (labels, logits) = loop.model.heads["label"], labelled_logits(loop, worlds.feature_batches())
    if calibrate:
        head = head.calibrated(labels["label"], logits["label"])
    losses = head.losses(labels["label"], logits["label"])
    expected = np.std(losses) / np.sqrt(len(losses))
    assert judged(loop, worlds.feature_batches(), calibrate).loss_error == pytest.approx(expected)
    assert calibrate or expected > 0.05


def test_the_errors_of_tasks_add_as_those_of_different_examples():
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SoftmaxHead(["c", "d"])}
    logits = np.array([[0, 0], [0, 2], [0, 4]], np.float32)
    labels = {"kind": np.array([0, 1, -1]), "tags": np.array([0, 0, 1])}
    weights = {"tags": 3.0}
    losses = {
        task: np.log1p(np.exp(margins)) for task, margins in {"kind": [0, -2], "tags": [0, 2, -4]}.items()
    }
    squares = [np.var(losses["kind"]) / 2, 9 * np.var(losses["tags"]) / 3]
    found = loss_error(heads, labels, dict.fromkeys(heads, logits), weights)
    assert found == pytest.approx(np.sqrt(sum(squares)), rel=1e-5)


def test_the_log_has_the_loss_and_the_accuracy_of_each_task():
    line = "validation loss 1.5, accuracy/kind 100.0%, accuracy/colour 50.0%"
    assert told({"loss": 1.5, "accuracy/kind": 1.0, "accuracy/colour": 0.5, "macro_f1/kind": 0.25}) == line
