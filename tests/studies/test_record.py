import json
import re

import numpy as np
import optuna
import pytest

from retrain.settings.values import OfTask
from retrain.studies.record import Record, decoded, encoded, failed_record, flags_of
from retrain.studies.sequences import distributions
from retrain.studies.space import parse_space
from retrain.studies.storage import RESULT


def through_json(record: Record) -> Record:
    content = json.loads(json.dumps(encoded(record)))
    trial = optuna.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs={RESULT: content})
    return decoded(trial)


@pytest.mark.parametrize(
    "scores", [np.asarray([0, 1, 1, 0, 1, 0, 0, 0, 1], np.float32), np.empty(0, np.float32)]
)
def test_right_and_wrong_come_back(scores):
    found = through_json(Record(0.5, {"loss": 0.25}, scores, None, 1.5, 3e8))
    np.testing.assert_array_equal(found.scores, scores)
    assert found.scores.dtype == np.float32
    assert (found.value, found.figures, found.stopped, found.seconds, found.cost) == (
        0.5,
        {"loss": 0.25},
        None,
        1.5,
        3e8,
    )


def test_losses_come_back_in_half_precision():
    scores = -np.random.default_rng(0).exponential(size=50).astype(np.float32)
    np.testing.assert_allclose(through_json(Record(0.5, {}, scores)).scores, scores, rtol=1e-3)


def test_a_failed_trial_has_a_reason():
    found = through_json(failed_record({"loss": 2.0}, "training diverged"))
    assert (found.value, found.reason, len(found.scores)) == (None, "training diverged", 0)


def test_flags_have_few_digits_in_the_order_of_the_space():
    space = parse_space(["learning_rate=1e-4..1e-1", "batch_size=8..16", "class_weights=none,balanced"])
    trial = optuna.create_trial(
        value=1.0,
        params={"batch_size": 9, "class_weights": "none", "learning_rate": 0.00123456789},
        distributions=distributions(space),
    )
    assert list(flags_of(trial, space).items()) == [
        ("learning_rate", 0.001235),
        ("batch_size", 9),
        ("class_weights", "none"),
    ]


def test_typed_values_come_back_as_they_are_trained_with():
    space = parse_space(["fine_tune_from=Conv;Dense", "tasks=kind:softmax;kind:sigmoid"])
    trial = optuna.create_trial(
        value=1.0,
        params={"fine_tune_from": "Dense", "tasks": "kind:sigmoid"},
        distributions=distributions(space),
    )
    assert flags_of(trial, space) == {
        "fine_tune_from": re.compile("Dense"),
        "tasks": (OfTask("kind", "sigmoid"),),
    }
