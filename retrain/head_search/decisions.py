"""What is decided of a head on validation, after training: its temperature, and what predicts best."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from absl import logging

from retrain.data.listing import TASK
from retrain.heads.computed_rows import Rows
from retrain.heads.head import Head, Labels


class DecidedHead(NamedTuple):
    """A head as it predicts, and what was decided for it on validation, for metrics.json."""

    head: Head
    decisions: Mapping[str, Any]


def decide_task(task: str, head: Head, labels: Labels, logits: Rows, calibrate: bool) -> DecidedHead:
    """What is decided on the images of validation, whose labels and logits [N, C] these are."""
    known = head.labelled(labels)
    labels, logits = labels[known], logits[known]
    if not len(labels):
        return DecidedHead(head, {})
    after = decided(head, labels, logits, calibrate)
    if not calibrate:
        return DecidedHead(after, after.settings())
    uncalibrated, calibrated = (_calibration_error(of, labels, logits) for of in (head, after))
    loss = float(after.replaced().losses(labels, logits).mean(dtype=float))
    logging.info(
        "%s",
        f"{head_of(task)}: calibrated at temperature {after.temperature:.3g}; on validation its loss is "
        f"{loss:.3g}, its expected calibration error {calibrated:.3f}, was {uncalibrated:.3f}.",
    )
    decisions = {"temperature": after.temperature, **after.settings()}
    return DecidedHead(after, {**decisions, "expected_calibration_error_before": uncalibrated})


def decided(head: Head, labels: Labels, logits: Rows, calibrate: bool) -> Head:
    """The head with its temperature, if asked for, and what predicts best on these examples."""
    calibrated = head.calibrated(labels, logits) if calibrate else head
    return calibrated.decided(labels, calibrated.probabilities_of(logits))


def head_of(task: str) -> str:
    """What the head of a task is called in the log."""
    return "Head" if task == TASK else f"Head of {task}"


def _calibration_error(head: Head, labels: Labels, logits: Rows) -> float:
    return head.metrics(labels, head.kept(labels, head.probabilities_of(logits)))[
        "expected_calibration_error"
    ]
