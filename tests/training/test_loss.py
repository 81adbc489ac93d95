import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.training.loss import PLAIN, Loss, with_partners
from tests.training import worlds

FEATURES, LABELS = worlds.COLOURS[:4], worlds.LABELS[:4]
WEIGHTS = np.asarray([1.0, 2.0, 0.0, 1.0], np.float32)
SURPRISE = -tf.nn.log_softmax(FEATURES).numpy()  # of each class, where the logits are the features


def value(loss: Loss, model: ImageClassifier, *batch) -> float:
    """The loss of a batch."""
    return float(loss.of_batch(model, model.logits(tf.constant(batch[0]["features"])), batch))


@pytest.fixture
def model(loaded_module) -> ImageClassifier:
    """Its logits are the features."""
    made = worlds.classifier(loaded_module)
    made.kernels["label"].assign(np.eye(3))
    return made


@pytest.mark.parametrize("weights", [WEIGHTS, {"label": WEIGHTS}])
def test_each_example_counts_with_its_weight(model, weights):
    expected = (WEIGHTS * SURPRISE[range(4), LABELS]).mean()
    assert value(PLAIN, model, {"features": FEATURES}, {"label": LABELS}, weights) == pytest.approx(
        expected, rel=1e-6
    )


def test_a_smoothed_label_is_shared_by_all_classes(model):
    smooth = np.eye(3)[LABELS] * 0.7 + 0.1
    loss = Loss(label_smoothing=0.3)
    assert value(loss, model, {"features": FEATURES}, {"label": LABELS}) == pytest.approx(
        (smooth * SURPRISE).sum(axis=1).mean(), rel=1e-6
    )


def test_an_image_of_two_has_the_loss_of_both(model):
    """Mixed with shares, the loss is what it would be with the labels mixed so."""
    partner, share = np.asarray([1, 2, 3, 0]), np.asarray([1.0, 0.75, 0.5, 0.0], np.float32)
    inputs = {"features": FEATURES, "partner": partner.astype(np.int32), "share": share}
    own, other = (WEIGHTS[rows] * SURPRISE[range(4), LABELS[rows]] for rows in (range(4), partner))
    batch = with_partners(inputs, {"label": LABELS}, WEIGHTS)
    expected = np.mean(share * own + (1 - share) * other)
    assert value(PLAIN, model, *batch) == pytest.approx(expected, rel=1e-6)


def test_an_example_without_a_label_of_a_task_does_not_count_in_its_loss(loaded_module):
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["c"])}
    model, loss = ImageClassifier(loaded_module, heads), Loss(task_weights={"tags": 0.5})
    labels = {"kind": np.asarray([0, 1, -1, -1]), "tags": np.asarray([[1.0], [np.nan], [np.nan], [np.nan]])}
    # All logits are 0: each loss that counts is log 2.
    assert value(loss, model, {"features": FEATURES}, labels) == pytest.approx(1.5 * np.log(2.0), rel=1e-6)
    unknown = {task: of_task[2:] for task, of_task in labels.items()}
    assert value(loss, model, {"features": FEATURES[2:]}, unknown) == 0.0


def test_penalties_are_of_the_kernels(loaded_module):
    model = worlds.classifier(loaded_module)
    kernel = np.random.default_rng(1).normal(size=[3, 3]).astype(np.float32)
    model.kernels["label"].assign(kernel)
    model.biases["label"].assign([9.0, 9.0, 9.0])
    loss = Loss(l1_regularizer=0.5, l2_regularizer=0.25)
    expected = 0.5 * np.abs(kernel).sum() + 0.25 * (kernel**2).sum()
    assert float(loss.penalty(model)) == pytest.approx(expected, rel=1e-6)
    assert float(PLAIN.penalty(model)) == 0.0


def test_a_base_that_is_trained_has_penalties_of_its_own(loaded_module):
    model = worlds.classifier(loaded_module, train_base=True)
    assert float(PLAIN.penalty(model)) == 3.0


def test_of_chance_is_the_loss_of_equal_probabilities(loaded_module):
    heads = {"kind": SoftmaxHead(["a", "b", "c"]), "tags": SigmoidHead(["c"])}
    loss = Loss(task_weights={"tags": 2.0})
    assert loss.of_chance(heads) == pytest.approx(np.log(3) + 2 * np.log(2))


def test_the_loss_of_settings():
    pixels = worlds.filled(label_smoothing=0.1, l1_regularizer=0.2, l2_regularizer=0.3)
    assert Loss.of(pixels, {"label": 2.0}) == Loss(0.1, 0.2, 0.3, {"label": 2.0})
