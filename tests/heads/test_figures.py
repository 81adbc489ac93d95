import pytest

from retrain.errors import InputError
from retrain.heads.figures import find_metric, metrics_of
from retrain.metric import LOSS, Metric


def test_the_default_is_the_accuracy_of_the_first_task_and_the_last_the_loss():
    metrics = metrics_of({"label": "softmax"})
    assert list(metrics) == [
        *("accuracy", "average_loss", "expected_calibration_error", "macro_f1", "balanced_accuracy"),
        *("weighted_f1", "top_5_accuracy", "loss"),
    ]
    assert metrics["accuracy"] == Metric("accuracy", "label", "accuracy", higher_is_better=True)
    assert metrics["loss"] is LOSS
    assert next(iter(metrics_of({"tags": "sigmoid", "kind": "softmax"}))) == "accuracy/tags"


def test_keys_end_in_the_task_where_there_are_several():
    kinds = {"kind": "softmax", "gloss": "sigmoid"}
    metrics = metrics_of(kinds)
    assert metrics["micro_f1_at_0.5/gloss"] == Metric(
        "micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True
    )
    assert not metrics["hamming_loss/gloss"].higher_is_better
    assert all(key == metric.key for key, metric in metrics.items())


def test_find_metric_and_what_does_not_exist():
    kinds = {"kind": "softmax", "tags": "sigmoid"}
    assert find_metric("auc/tags", kinds, "figure").task == "tags"
    assert find_metric("loss", kinds, "figure") is LOSS
    with pytest.raises(InputError) as raised:
        find_metric("acuracy", {"label": "softmax"}, "figure of this run's validation")
    assert str(raised.value) == (
        "'acuracy' is no figure of this run's validation: choose from accuracy, average_loss, "
        "expected_calibration_error, macro_f1, balanced_accuracy, weighted_f1, top_5_accuracy, loss; did you "
        "mean 'accuracy'?"
    )
