import numpy as np
import pytest

from retrain.heads.softmax import SoftmaxHead
from retrain.training.estimator import Estimator
from retrain.training.evaluation import figures_by_task, labelled_probabilities
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
    labels, probabilities = labelled_probabilities(loop, batches)
    np.testing.assert_array_equal(labels["label"], worlds.LABELS)
    np.testing.assert_allclose(probabilities["label"], np.full([worlds.COUNT, 3], 1 / 3))
