import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.head_search.decisions import decide_task, decided
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.training.evaluation import figures_by_task

RANDOM = np.random.default_rng(0)
LABELS = (np.arange(40) % 2).astype(np.int32)
# Right three times of four, and much too sure of it.
LOGITS = (20 * np.eye(2)[np.where(np.arange(40) % 4 == 3, 1 - LABELS, LABELS)]).astype(np.float32)
HEAD = SoftmaxHead(["a", "b"])


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(logging, "info", lambda text, *values: lines.append(text % values))
    return lines


@pytest.mark.parametrize(("task", "name"), [("label", "Head"), ("kind", "Head of kind")])
def test_a_temperature_is_fitted_and_told(logged, task, name):
    after, decisions = decide_task(task, HEAD, LABELS, LOGITS, calibrate=True)
    assert after.temperature == HEAD.calibrated(LABELS, LOGITS).temperature > 1
    assert decisions == {
        "temperature": after.temperature,
        "expected_calibration_error_before": pytest.approx(0.25),
    }
    probabilities = after.probabilities(tf.constant(LOGITS)).numpy()
    figures = figures_by_task({task: after}, {task: LABELS}, {task: probabilities}, logits={task: LOGITS})
    assert logged == [
        f"{name}: calibrated at temperature {after.temperature:.3g}; on validation its loss is "
        f"{figures['loss']:.3g}, its expected calibration error 0.049, was 0.250."
    ]


def test_without_calibration_only_what_predicts_best_is_decided(logged):
    assert decide_task("label", HEAD, LABELS, LOGITS, calibrate=False)[1] == {}
    tags = SigmoidHead(["x", "y"])
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], np.float32)
    logits = np.where(labels == 1.0, -2.0, -3.0).astype(np.float32)
    after, decisions = decide_task("label", tags, labels, logits, calibrate=False)
    assert after.temperature == 1.0
    assert decisions == {"thresholds": after.thresholds.tolist()}
    assert (after.thresholds < 0.5).all()
    assert logged == []


def test_an_example_without_a_label_decides_nothing(logged):
    more = np.append(LABELS, -1).astype(np.int32), np.append(LOGITS, [[9.0, 0.0]], axis=0).astype(np.float32)
    known, unknown = decide_task("label", HEAD, LABELS, LOGITS, True), decide_task("label", HEAD, *more, True)
    assert known.decisions == unknown.decisions
    after, decisions = decide_task("label", HEAD, np.full(3, -1, np.int32), LOGITS[:3], True)
    assert (after, decisions) == (HEAD, {})
    assert len(logged) == 2


def test_thresholds_are_decided_at_the_temperature():
    tags = SigmoidHead(["x"])
    labels, logits = LABELS[:, None].astype(np.float32), LOGITS[:, 1:]
    after = decided(tags, labels, logits, calibrate=True)
    cooled = tags.calibrated(labels, logits)
    assert after.temperature == cooled.temperature
    probabilities = 1 / (1 + np.exp(-logits / cooled.temperature))
    assert after.thresholds == cooled.decided(labels, probabilities).thresholds
