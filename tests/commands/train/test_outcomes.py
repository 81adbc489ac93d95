import numpy as np
import pytest

from retrain.commands.train.outcomes import outcome_of
from retrain.examples.labelled import LabelledExamples
from retrain.model import ImageClassifier
from tests.examples.worlds import made_up

COUNT = 12
KINDS = np.arange(COUNT) % 3
KERNEL = 9.0 * np.eye(3, dtype=np.float32)


def examples(validated: bool = True) -> LabelledExamples:
    """Features are the kind; two of six held out images of each split have another label."""
    labels = np.asarray(["a", "b", "c"], object)[KINDS]
    labels[[3, 9]] = "b"
    splits = [*["validation" if validated else "train"] * 6, *["test"] * 3, *["train"] * 3]
    of_kinds = made_up([f"{row:02}.png" for row in range(COUNT)], kind=labels.tolist()).with_splits(splits)
    return of_kinds.with_features(np.eye(3, dtype=np.float32)[KINDS])


@pytest.fixture
def model(loaded_module) -> ImageClassifier:
    """Sure of the kind that the features say."""
    classifier = ImageClassifier(loaded_module, examples().heads)
    classifier.kernels["kind"].assign(KERNEL)
    return classifier


def test_what_it_takes_to_predict_is_decided_on_validation(model):
    decided, outcome = outcome_of(model, examples(), calibrate=True)
    temperature = outcome.decisions["kind"]["temperature"]
    assert temperature > 1.5  # one of six is wrong, and it was very sure
    assert decided.heads["kind"].temperature == outcome.heads["kind"].temperature == temperature
    np.testing.assert_array_equal(decided.kernels["kind"], KERNEL)
    logits = KERNEL[KINDS] / temperature
    np.testing.assert_allclose(
        outcome.probabilities["kind"], np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-4
    )


def test_figures_are_of_what_was_not_trained_on(model):
    _, outcome = outcome_of(model, examples(), calibrate=True)
    assert list(outcome.figures) == ["validation", "test"]
    assert outcome.figures["validation"]["accuracy"] == pytest.approx(5 / 6)
    assert (outcome.figures["test"]["accuracy"], outcome.figures["test"]["count"]) == (1.0, 3)
    assert outcome.probabilities["kind"].shape == (COUNT, 3)
    assert (outcome.global_step, outcome.label_issues) == (None, None)


def test_without_calibration_nothing_is_decided(model):
    decided, outcome = outcome_of(model, examples(), calibrate=False)
    assert decided.heads["kind"].temperature == 1.0
    assert outcome.decisions == {"kind": {}}


def test_nor_without_validation(model):
    decided, outcome = outcome_of(model, examples(validated=False), calibrate=True)
    assert decided.heads["kind"].temperature == 1.0
    assert list(outcome.figures) == ["test"]
