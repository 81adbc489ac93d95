import numpy as np
import pytest

from retrain.errors import InputError
from retrain.heads.softmax import SoftmaxHead
from retrain.training.head_search import calibrated_losses, search_head
from retrain.training.head_trials import Schedule, Split, Start, Trial, train_heads

HEAD = SoftmaxHead(["a", "b"])
SCHEDULE = Schedule(30, 8, 0.0, 0)
TRIALS = [Trial(1e30, 1e30), Trial(0.3, 5.0), Trial(0.3, 1e-4), Trial(1e-6, 0.0)]


def make_split(count: int, seed: int) -> Split:
    labels = (np.arange(count) % 2).astype(np.int32)
    features = labels[:, None] + np.random.default_rng(seed).normal(size=[count, 3]) / 4
    return Split(features.astype(np.float32), labels, np.ones(count, np.float32))


TRAIN, VALIDATION = make_split(40, 0), make_split(10, 1)


def test_the_lowest_validation_loss_wins():
    found = search_head(HEAD, TRIALS, SCHEDULE, TRAIN, VALIDATION)
    heads = train_heads(HEAD, TRIALS, SCHEDULE, TRAIN, VALIDATION)
    assert found.trial == TRIALS[2]
    np.testing.assert_array_equal(found.kernel, heads.kernels[2])
    np.testing.assert_array_equal(found.bias, heads.biases[2])
    losses = calibrated_losses(HEAD, heads, VALIDATION)
    assert losses[2] == np.nanmin(losses)
    assert (found.criterion, found.loss) == ("validation loss", float(losses[2]))
    assert list(found.readings) == heads.steps.tolist()
    assert found.readings[30] == {
        "loss": float(heads.losses[-1, 0, 2]),
        "validation_loss": float(heads.losses[-1, 1, 2]),
    }


def test_a_head_that_is_only_less_sure_of_itself_is_as_good():
    # With a wrong label, or being as sure as can be would cost nothing.
    mislabelled = VALIDATION._replace(
        labels=np.where(np.arange(10) == 0, 1 - VALIDATION.labels, VALIDATION.labels)
    )
    heads = train_heads(HEAD, TRIALS[2:3], SCHEDULE, TRAIN, mislabelled)
    unsure = heads._replace(kernels=heads.kernels / 4, biases=heads.biases / 4)
    sure = calibrated_losses(HEAD, heads, mislabelled)
    assert sure <= heads.losses[-1, 1]
    np.testing.assert_allclose(calibrated_losses(HEAD, unsure, mislabelled), sure, rtol=0.02)


def test_without_validation_every_tenth_is_held_out_and_then_trained_on():
    found = search_head(HEAD, TRIALS, SCHEDULE, TRAIN, None)
    held_out = np.arange(40) % 10 == 0
    chosen = train_heads(HEAD, TRIALS, SCHEDULE, TRAIN.rows(~held_out), TRAIN.rows(held_out))
    again = train_heads(HEAD, [TRIALS[2]], SCHEDULE, TRAIN, None)
    assert found.trial == TRIALS[2]
    assert found.criterion == "loss on held out training images"
    assert found.loss == float(calibrated_losses(HEAD, chosen, TRAIN.rows(held_out))[2])
    np.testing.assert_array_equal(found.kernel, again.kernels[0])
    assert set(found.readings[30]) == {"loss"}


@pytest.mark.parametrize(("trials", "count"), [(TRIALS[2:3], 40), (TRIALS, 9)])
def test_one_trial_or_few_examples_are_trained_at_once(trials, count):
    train = TRAIN.rows(np.arange(count))
    found = search_head(HEAD, trials, SCHEDULE, train, None)
    assert found.trial == TRIALS[2]
    assert found.criterion == "training loss"
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("validation", [VALIDATION, None])
def test_when_every_trial_diverges(validation):
    wild = [Trial(1e30, 1e30), Trial(1e35, 1e30)]
    with pytest.raises(InputError) as raised:
        search_head(HEAD, wild, SCHEDULE, TRAIN, validation)
    assert str(raised.value) == (
        "Training diverged at every learning rate (up to 1e+35): give a lower --learning_rate."
    )


@pytest.mark.parametrize("validation", [VALIDATION, None])
@pytest.mark.parametrize("count", [40, 9])
def test_every_road_begins_at_the_start(validation, count):
    start = Start(np.full([3, 2], 7, np.float32), np.full([2], 3, np.float32))
    still = [Trial(1e-30, 0.0), Trial(1e-30, 0.1)]
    found = search_head(HEAD, still, SCHEDULE, TRAIN.rows(np.arange(count)), validation, start)
    np.testing.assert_allclose(found.kernel, start.kernel, rtol=1e-6)
    np.testing.assert_allclose(found.bias, start.bias, rtol=1e-5)
