import numpy as np
import pytest

from retrain.examples.task_examples import TaskExamples
from retrain.head_search.cross_validation import out_of_sample_probabilities
from retrain.head_search.trial import Trial
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead(["a", "b", "c"])
TRIAL = Trial(0.5, 1e-3, steps=40, batch_size=20)


def make_examples(labels: np.ndarray, kinds: np.ndarray) -> TaskExamples:
    """Features say the kind; labels say what they like."""
    noise = np.random.default_rng(0).normal(0.0, 0.1, [len(labels), 3])
    features = (np.eye(3)[kinds] + noise).astype(np.float32)
    return TaskExamples(features, labels, np.ones(len(labels), np.float32))


def alone(count: int) -> list[str]:
    return [str(row) for row in range(count)]


def test_wrong_labels_are_improbable_and_others_are_not():
    kinds = (np.arange(60) % 3).astype(np.int32)
    labels = kinds.copy()
    labels[:3] = [1, 2, 0]
    probabilities = out_of_sample_probabilities(HEAD, TRIAL, make_examples(labels, kinds), alone(60))
    given = probabilities[np.arange(60), labels]
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert set(given.argsort()[:3]) == {0, 1, 2}
    assert given[3:].min() > 0.5


def test_a_head_has_not_seen_what_it_judges():
    random = np.random.default_rng(1)
    examples = TaskExamples(
        random.normal(size=[60, 200]).astype(np.float32),
        random.integers(3, size=60).astype(np.int32),
        np.ones(60, np.float32),
    )
    probabilities = out_of_sample_probabilities(
        HEAD, TRIAL._replace(learning_rate=0.01, l2_regularizer=0.0), examples, alone(60)
    )
    assert np.mean(probabilities.argmax(axis=1) == examples.labels) < 0.6


def test_an_example_of_a_class_that_no_other_fold_has_is_not_judged():
    kinds = (np.arange(31) % 2).astype(np.int32)
    kinds[30] = 2
    probabilities = out_of_sample_probabilities(HEAD, TRIAL, make_examples(kinds, kinds), alone(31))
    assert np.isnan(probabilities[30]).all()
    assert not np.isnan(probabilities[:30]).any()


@pytest.mark.filterwarnings("error")
def test_labels_of_several_classes_and_gaps():
    head = SigmoidHead(["a", "b", "c"])
    kinds = np.arange(60) % 3
    labels = np.eye(3, dtype=np.float32)[kinds]
    labels[5, 0], labels[6, 1] = np.nan, 1.0
    probabilities = out_of_sample_probabilities(head, TRIAL, make_examples(labels, kinds), alone(60))
    assert (probabilities[np.arange(60), kinds] > 0.5).all()
    assert head.doubts(labels, probabilities).support.argmin() == 6
