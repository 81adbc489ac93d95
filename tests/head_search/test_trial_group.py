import numpy as np
import pytest

from retrain.head_search import trial_group, trial_plan
from retrain.head_search.trial import Trial
from retrain.head_search.trial_batches import Centred, made_resident
from retrain.head_search.trial_group import TrialGroup
from retrain.heads.softmax import SoftmaxHead

HEAD = SoftmaxHead(["a", "b"])
TRIALS = {7: Trial(0.1, 0.0, steps=24, batch_size=2), 3: Trial(0.2, 0.1, steps=24, batch_size=2)}
FEATURES = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
LABELS = np.array([0, 1, 0, 1], np.int32)


def group(folds: int = 1, validated: bool = True) -> TrialGroup:
    centre = FEATURES.mean(axis=0)
    data = made_resident(Centred(FEATURES, LABELS, np.ones([4, folds, 1], np.float32), centre), 10**6)
    held_out = made_resident(Centred(FEATURES, LABELS, np.ones([4, 1, 1], np.float32), centre), 10**6)
    return TrialGroup(HEAD, TRIALS, [0, 0], data, [held_out] * folds if validated else [], None)


def test_it_advances_to_the_first_reading_after_a_share_of_the_steps():
    trials = group()
    assert list(trials.advance(0.1)) == [2 * 2, 2 * 2]
    assert (trials.step, trials.steps) == (4, [2, 4])
    assert list(trials.advance(0.1)) == []
    assert sum(trials.advance(1.0)) == 2 * 20
    heads = trials.heads()
    assert list(heads) == [7, 3]
    assert heads[7].steps.tolist() == list(range(2, 25, 2))
    assert heads[7].stopped is None


def test_the_others_go_on_as_if_nothing_had_been_given_up():
    whole, halved = group(), group()
    list(whole.advance(1.0))
    list(halved.advance(0.5))
    gone = halved.give_up([7])
    assert (list(gone), gone[7].stopped) == ([7], 12)
    assert (halved.numbers, halved.state.kernel.shape) == ([3], (3, 2))
    list(halved.advance(1.0))
    np.testing.assert_allclose(halved.heads()[3].kernel, whole.heads()[3].kernel, atol=1e-6)
    assert halved.give_up([]) == {}


@pytest.mark.parametrize("folds", [1, 3])
def test_heads_of_folds_stand_apart(folds):
    trials = group(folds)
    list(trials.advance(1.0))
    kernel = trials.heads()[3].kernel
    assert kernel.shape == ((3, 2) if folds == 1 else (folds, 3, 2))
    by_fold = kernel.reshape(folds, 3, 2)
    np.testing.assert_allclose(
        by_fold, np.stack(folds * [by_fold[0]]), atol=1e-6
    )  # whose weights are the same
    assert trials.validation_losses(np.ones(1, np.float32)).shape == (1, 2 * folds)


def test_without_validation_there_are_no_losses():
    trials = group(validated=False)
    assert np.isnan(trials.validation_losses(np.ones(2, np.float32))).all()


def test_each_part_of_a_training_is_compiled_where_it_is_long(monkeypatch):
    compiled = []
    monkeypatch.setattr(trial_plan, "COMPILED_FROM", trial_plan.operations(12 * 2, 3, 2 * 2))
    for name in ("train_steps", "compiled_train_steps"):
        run = getattr(trial_group, name)
        monkeypatch.setattr(
            trial_group, name, lambda *given, run=run, name=name: compiled.append(name) or run(*given)
        )
    trials = group()
    list(trials.advance(0.5))
    trials.give_up([7])
    list(trials.advance(1.0))
    assert compiled == ["compiled_train_steps"] * 6 + ["train_steps"] * 6
