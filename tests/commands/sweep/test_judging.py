import numpy as np
import pytest
import tensorflow as tf

from retrain.commands.sweep.judging import Judging, Predicted, Unseen, judged, validation_of
from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples
from retrain.head_search.budget import PLAIN
from retrain.metric import LOSS, Metric
from retrain.modules.loading import load_module
from retrain.studies.record import Record
from tests.commands.sweep.trial_worlds import examples_of

ACCURACY = Metric("accuracy", "kind", "accuracy", higher_is_better=True)
AVERAGE_LOSS = Metric("average_loss", "kind", "average_loss", higher_is_better=False)


def losses(examples: LabelledExamples, logits: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By hand, at temperature 1."""
    found = {}
    for task, of in logits.items():
        head, labels = examples.heads[task], examples.by_split(task)["validation"].labels
        found[task] = head.loss(head.targets(tf.constant(labels)), tf.constant(of)).numpy()
    return found


def logits_of(examples: LabelledExamples) -> dict[str, np.ndarray]:
    """Of the images of validation, which are right more often than not."""
    return {
        task: examples.by_split(task)["validation"].features[:, :2] * np.float32([-1.5, 1.5])
        for task in examples.tasks
    }


def judge(
    examples: LabelledExamples, metric: Metric, calibrate: bool = False, **others: Predicted | None
) -> Record:
    unseen = {task: examples.by_split(task)["validation"] for task in examples.tasks}
    predicted = {task: Predicted(logits) for task, logits in logits_of(examples).items()}
    return judged(examples, Unseen(unseen, predicted | others), metric, calibrate)


def test_by_accuracy_an_image_is_right_or_wrong():
    examples = examples_of(["kind"], {})
    labels, logits = examples.by_split("kind")["validation"].labels, logits_of(examples)["kind"]
    found = judge(examples, ACCURACY)
    np.testing.assert_array_equal(found.scores, (logits.argmax(axis=1) == labels).astype(np.float32))
    assert 0 < found.value == found.scores.mean() == found.figures["accuracy"] < 1
    assert found.stopped is None


def test_by_a_loss_the_score_of_an_image_is_minus_its_loss():
    examples = examples_of(["kind"], {})
    by_hand = losses(examples, logits_of(examples))["kind"]
    found = judge(examples, AVERAGE_LOSS)
    np.testing.assert_allclose(found.scores, -by_hand, rtol=1e-5)
    assert found.value == pytest.approx(by_hand.mean(), rel=1e-5)
    assert found.value > 0 > found.scores.max()


def test_a_temperature_is_found_where_it_is_asked_for():
    examples = examples_of(["kind"], {})
    assert judge(examples, AVERAGE_LOSS, calibrate=True).value < judge(examples, AVERAGE_LOSS).value
    assert judge(examples, ACCURACY, calibrate=True).value == judge(examples, ACCURACY).value


def test_the_loss_of_all_tasks_is_weighed_and_so_are_its_scores():
    examples = examples_of(["kind", "tags"], {"kind": 1.0, "tags": 0.25})
    by_hand = losses(examples, logits_of(examples))
    found = judge(examples, LOSS)
    assert found.value == pytest.approx(by_hand["kind"].mean() + 0.25 * by_hand["tags"].mean(), rel=1e-5)
    assert found.figures["loss"] == found.value
    assert len(found.scores) == 12 + 10
    assert found.scores.mean() == pytest.approx(-found.value, rel=1e-5)


def test_the_scores_are_those_of_the_task_of_the_objective():
    examples = examples_of(["kind", "tags"], {"tags": 0.25})
    by_hand = losses(examples, logits_of(examples))["tags"]
    metric = Metric("average_loss", "tags", "average_loss/tags", higher_is_better=False)
    np.testing.assert_allclose(judge(examples, metric).scores, -by_hand, rtol=1e-5)


def test_figures_are_numbers_and_intervals():
    figures = judge(examples_of(["kind", "tags"], {}), LOSS).figures
    assert {"loss", "accuracy/kind", "accuracy/tags", "accuracy_interval/kind", "count/tags"} <= set(figures)
    assert "classes/kind" not in figures
    assert not [key for key, value in figures.items() if isinstance(value, dict)]


def test_a_trial_is_stopped_where_the_last_of_its_tasks_was():
    examples = examples_of(["kind", "tags"], {})
    logits = logits_of(examples)
    kind, tags = Predicted(logits["kind"], 10), Predicted(logits["tags"], 20)
    assert judge(examples, LOSS, kind=kind, tags=tags).stopped == 20
    assert judge(examples, LOSS, kind=kind).stopped == 10


@pytest.mark.parametrize("diverged", [None, Predicted(np.full([12, 2], np.nan, np.float32))])
def test_what_diverged_has_no_value(diverged):
    found = judge(examples_of(["kind", "tags"], {}), ACCURACY, kind=diverged)
    assert (found.value, found.reason, found.figures, len(found.scores)) == (None, "training diverged", {}, 0)


def test_a_figure_that_the_split_does_not_have():
    metric = Metric("top_5_accuracy", "kind", "top_5_accuracy", higher_is_better=True)
    found = judge(examples_of(["kind"], {}), metric)
    assert (found.value, found.reason) == (None, "validation/top_5_accuracy has no value")
    assert found.figures["accuracy"] > 0


def test_without_validation_images_there_is_nothing_to_rank_by():
    with pytest.raises(InputError) as raised:
        validation_of({"train": None})
    assert str(raised.value) == (
        "A sweep ranks its trials by validation images, but there are none: give a "
        "--validation_percentage, or --folds=5."
    )


def test_operations_are_counted_where_modules_differ(loaded_module):
    judging = Judging(ACCURACY, None, PLAIN, costs=False)
    builtin = load_module("builtin:gradients")
    assert judging.cost_of(builtin) == 0.0
    counting = judging._replace(costs=True)
    assert counting.cost_of(builtin) > 1e6 > counting.cost_of(loaded_module)
