import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from retrain.commands.train.classifier import best_heads, classifier, histories, outcome_of
from retrain.examples.labelled import LabelledExamples, encoded
from retrain.head_search.starts import Start
from retrain.heads.computed_rows import ComputedRows
from retrain.heads.leading_classes import LeadingClasses
from retrain.model import ImageClassifier
from retrain.report.predictions_table import task_columns
from retrain.settings.config import Config
from tests.examples.worlds import made_up


@pytest.fixture(scope="module")
def best(colour_plan, prepared_colours):
    return best_heads(colour_plan.config.head, prepared_colours)


def test_each_task_has_the_best_of_the_candidates_that_its_settings_allow(best, colour_plan):
    assert list(best) == ["label"]
    candidate = best["label"].candidate
    assert (candidate.learning_rate, candidate.l2_regularizer, candidate.max_steps) == (0.5, 1e-3, 20)
    assert best["label"].kernel.shape == (3, 3)


def test_a_start_is_where_its_task_begins(colour_plan, prepared_colours, best):
    start = best["label"].kernel + 5.0, best["label"].bias - 7.0
    still = Config.of(learning_rate=1e-20, l2_regularizer=0.0, max_steps=1).head
    begun = best_heads(still, prepared_colours._replace(starts={"label": Start(*start)}))["label"]
    np.testing.assert_allclose(begun.kernel, start[0], rtol=1e-5)
    other = best_heads(still, prepared_colours._replace(starts={"other": Start(*start)}))["label"]
    np.testing.assert_allclose(other.kernel, 0.0, atol=1e-18)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"train_epochs": 2.0, "batch_size": 6}, "; 6 steps of 6 images, "),
        ({"max_steps": 7}, "; 7 steps of 100 images, "),
        (
            {"learning_rate": 0.5, "l2_regularizer": 0.25, "max_steps": 7},
            "Head: learning_rate=0.5, l2_regularizer=0.25; 7 steps of 100 images, ",
        ),
    ],
)
def test_what_is_given_is_used_and_told(prepared_colours, monkeypatch, given, line):
    said = []
    monkeypatch.setattr("absl.logging.info", lambda text, *values: said.append(text % values))
    best_heads(Config.of(**given).head, prepared_colours)
    assert line in said[-1]


def test_balanced_classes_count_the_same(prepared_colours):
    """Of two classes that cannot be told apart, the larger wins, unless both count the same."""
    examples = prepared_colours.examples
    cells = ["few" if row % 8 == 0 else "many" for row in range(len(examples))]
    head = type(examples.heads["label"])(["few", "many"])
    alike = dataclasses.replace(
        examples.with_splits(["train"] * len(examples)),
        tasks={"label": encoded(head, cells)},
        features=np.ones([len(examples), 1], np.float32),
    )
    for weights, expected in (("none", 1 / 8), ("balanced", 1 / 2)):
        given = Config.of(class_weights=weights, learning_rate=1.0, l2_regularizer=0.0, max_steps=200).head
        best = best_heads(given, prepared_colours._replace(examples=alike))["label"]
        few, _ = tf.nn.softmax(best.kernel.sum(axis=0) + best.bias).numpy()
        assert few == pytest.approx(expected, abs=0.05)


def test_the_model_begins_with_them(prepared_colours, best):
    model = classifier(Config.of(dropout_rate=0.25), prepared_colours, best)
    np.testing.assert_array_equal(model.kernels["label"], best["label"].kernel)
    np.testing.assert_array_equal(model.biases["label"], best["label"].bias)
    assert (model.dropout_rate, model.train_base, model.freeze_batch_norm) == (0.25, False, False)
    assert not model.trained_base_variables
    assert model.base is prepared_colours.module


def test_a_model_to_be_fine_tuned_is_as_the_settings_say(prepared_colours, best):
    settings = {"fine_tune": True, "dropout_rate": 0.75, "freeze_batch_norm": True}
    model = classifier(Config.of(**settings, fine_tune_from=re.compile("scale")), prepared_colours, best)
    assert (model.dropout_rate, model.train_base, model.freeze_batch_norm) == (0.75, True, True)
    assert model.fine_tune_from == re.compile("scale")
    assert len(model.trained_base_variables) == 1


def test_losses_by_step_name_the_task_where_there_are_several(best):
    one = best["label"]._replace(history={1: {"loss": 0.5}, 2: {"loss": 0.25, "validation_loss": 1.0}})
    other = one._replace(history={2: {"loss": 2.0}})
    assert histories({"label": one}) == one.history
    assert histories({"kind": one, "tags": other}) == {
        1: {"loss/kind": 0.5},
        2: {"loss/kind": 0.25, "validation_loss/kind": 1.0, "loss/tags": 2.0},
    }


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


def test_of_many_classes_the_same_is_told_and_nothing_is_held(model, monkeypatch):
    _, held = outcome_of(model, examples(), calibrate=True)
    monkeypatch.setattr("retrain.heads.computed_rows.MANY_CLASSES", 2)
    monkeypatch.setattr("retrain.heads.computed_rows.CELLS", 12)
    _, outcome = outcome_of(model, examples(), calibrate=True)
    assert isinstance(outcome.probabilities["kind"], LeadingClasses)
    assert isinstance(outcome.logits["kind"], ComputedRows)
    assert outcome.decisions == held.decisions
    for split, figures in held.figures.items():
        # How the last bit is rounded depends on how many rows a CPU computes at once.
        means = {name: figure for name, figure in figures.items() if isinstance(figure, float)}
        found = outcome.figures[split]
        assert {name: found[name] for name in means} == pytest.approx(means, rel=1e-6)
        assert {**found, **means} == figures
    found, expected = (pd.DataFrame(task_columns(of, "kind")) for of in (outcome, held))
    pd.testing.assert_frame_equal(found, expected)


def test_without_calibration_nothing_is_decided(model):
    decided, outcome = outcome_of(model, examples(), calibrate=False)
    assert decided.heads["kind"].temperature == 1.0
    assert outcome.decisions == {"kind": {}}


def test_nor_without_validation(model):
    decided, outcome = outcome_of(model, examples(validated=False), calibrate=True)
    assert decided.heads["kind"].temperature == 1.0
    assert list(outcome.figures) == ["test"]
