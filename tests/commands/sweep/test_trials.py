import numpy as np
import pytest

from retrain.commands.sweep import trials
from retrain.commands.sweep.judging import Judging
from retrain.commands.sweep.trials import head_trials, run_trials, together
from retrain.commands.train.classifier import best_heads, classifier, outcome_of
from retrain.errors import InputError
from retrain.head_search.budget import PLAIN, Budget, Halving
from retrain.metric import LOSS, Metric
from retrain.runs.run import Run
from retrain.studies.record import Record, failed_record
from tests.commands.sweep.trial_worlds import prepared_of, trial_of

BY_LOSS = Judging(LOSS, None, PLAIN, costs=False)
BY_ACCURACY = BY_LOSS._replace(metric=Metric("accuracy", "kind", "accuracy", higher_is_better=True))
TEMPERATURE = 1e-3  # how near a loss is: temperatures are found to some digits


def test_trials_of_the_same_features_go_together():
    frozen = trial_of("kind", dropout_rate=0.5)
    assert together(frozen) == together(trial_of("kind", l2_regularizer=0.1, class_weights="balanced"))
    assert together(frozen) != together(trial_of("kind", tfhub_module="keras:MobileNetV3Small"))
    assert together(frozen) != together(trial_of("kind", image_size=64))
    assert together(frozen) != together(trial_of("kind", fine_tune=True))
    tuned = [trial_of("kind", fine_tune=True, learning_rate=rate) for rate in (0.1, 0.1, 0.2)]
    assert together(tuned[0]) == together(tuned[1]) != together(tuned[2])


@pytest.fixture
def calls(monkeypatch) -> list:
    """What is trained together; each trial gives its dropout rate."""
    called = []

    def heads(plans, prepared, judging):
        called.append(("heads", prepared, [plan.config.head.dropout_rate for plan in plans]))
        return [Record(plan.config.head.dropout_rate, {}, np.empty(0)) for plan in plans]

    def image(plan, preparing, judging, run):
        called.append(("image", plan.config.pixels.learning_rate))
        return failed_record({}, "no")

    monkeypatch.setattr(trials, "head_trials", heads)
    monkeypatch.setattr(trials, "image_trial", image)
    return called


def test_records_come_with_the_position_of_their_plan_a_group_at_a_time(calls):
    plans = [
        trial_of("kind", dropout_rate=0.1),
        trial_of("kind", dropout_rate=0.2, image_size=64),
        trial_of("kind", fine_tune=True, learning_rate=0.5),
        trial_of("kind", dropout_rate=0.3),
        trial_of("kind", fine_tune=True, learning_rate=0.5),
    ]
    sizes = []

    def preparing(plan):
        sizes.append(plan.config.module.image_size)
        return sizes[-1]

    groups = list(run_trials(plans, preparing, BY_LOSS, Run("run")))
    values = [{at: record.value for at, record in group.items()} for group in groups]
    assert values == [{0: 0.1, 3: 0.3}, {1: 0.2}, {2: None, 4: None}]
    assert calls == [("heads", None, [0.1, 0.3]), ("heads", 64, [0.2]), ("image", 0.5)]
    assert sizes == [None, 64]
    assert groups[0][0].seconds == groups[0][3].seconds > 0


def test_any_trial_is_what_train_does_with_its_flags(loaded_module):
    """The loss is of both tasks, weighed."""
    prepared = prepared_of("kind", "tags", kind=2.0, tags=0.25)._replace(module=loaded_module)
    flags = {"learning_rate": 0.3, "l2_regularizer": None, "class_weights": "balanced"}
    plans = [trial_of("kind", "tags"), trial_of("kind", "tags", **flags)]
    found = head_trials(plans, prepared, BY_LOSS)[1]
    of_tasks = [found.figures[f"average_loss/{task}"] for task in ("kind", "tags")]
    assert found.figures["loss"] == pytest.approx(2.0 * of_tasks[0] + 0.25 * of_tasks[1])
    config = plans[1].config
    model = classifier(config, prepared, best_heads(config.head, prepared))
    _, outcome = outcome_of(model, prepared.examples, config.head.calibrate)
    figures = outcome.figures["validation"]
    assert found.figures["accuracy/kind"] == figures["accuracy/kind"]
    assert found.figures["accuracy/tags"] == figures["accuracy/tags"]
    assert found.value == found.figures["loss"] == pytest.approx(figures["loss"], rel=TEMPERATURE)


def test_folds_judge_by_all_images_but_those_of_test():
    judging = Judging(Metric("accuracy", "kind", "accuracy/kind", True), 3, PLAIN, costs=False)
    found = head_trials([trial_of("kind", "tags")], prepared_of("kind", "tags"), judging)[0]
    assert (found.figures["count/kind"], found.figures["count/tags"]) == (36, 34)
    assert len(found.scores) == 36


def test_halving_stops_trials_early():
    plans = [trial_of("kind", learning_rate=0.01 * 2**at) for at in range(8)]
    halving = BY_ACCURACY._replace(budget=Budget(halving=Halving()))
    found = head_trials(plans, prepared_of("kind"), halving)
    assert [record.stopped for record in found].count(None) == 2
    assert sorted(filter(None, (record.stopped for record in found))) == [12, 12, 12, 12, 20, 20]


def test_a_trial_that_diverges_fails_and_harms_nobody():
    plans = [
        trial_of("kind", learning_rate=rate, l2_regularizer=l2) for rate in (0.5, 1e30) for l2 in (1e-3, 1e-2)
    ]
    found = head_trials(plans, prepared_of("kind"), BY_ACCURACY)
    assert [record.reason for record in found] == ["", "", "training diverged", "training diverged"]
    alone = head_trials(plans[:2], prepared_of("kind"), BY_ACCURACY)
    assert [record.value for record in found[:2]] == [record.value for record in alone]


def test_without_validation_images_there_is_nothing_to_rank_by_but_folds():
    prepared = prepared_of("kind")
    splits = ["train" if split == "validation" else split for split in prepared.examples.splits]
    prepared = prepared._replace(examples=prepared.examples.with_splits(splits))
    with pytest.raises(InputError) as raised:
        head_trials([trial_of("kind")], prepared, BY_ACCURACY)
    assert str(raised.value) == (
        "A sweep ranks its trials by validation images, but there are none: give a "
        "--validation_percentage, or --folds=5."
    )
    assert head_trials([trial_of("kind")], prepared, BY_ACCURACY._replace(folds=3))[0].value > 0.5
