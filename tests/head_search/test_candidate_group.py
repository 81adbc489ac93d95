import numpy as np
import pytest

from retrain.head_search import budget, candidate_group
from retrain.head_search.batches import Centred, made_resident
from retrain.head_search.candidate_group import Candidate, CandidateGroup
from retrain.heads.softmax import SoftmaxHead
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b"])
CANDIDATES = {
    7: Candidate(candidate(0.1, 0.0, max_steps=24, batch_size=2)),
    3: Candidate(candidate(0.2, 0.1, max_steps=24, batch_size=2)),
}
FEATURES = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
LABELS = np.array([0, 1, 0, 1], np.int32)
OF_TASKS = LABELS[:, None]


def group(folds: int = 1, validated: bool = True) -> CandidateGroup:
    centre = FEATURES.mean(axis=0)
    data = made_resident(
        Centred(FEATURES, OF_TASKS, np.ones([4, folds, 1], np.float32), centre, ((0, "none"),)), 10**6
    )
    held_out = made_resident(Centred(FEATURES, OF_TASKS, np.ones([4, 1, 1], np.float32), centre), 10**6)
    return CandidateGroup(HEAD, CANDIDATES, data, [held_out] * folds if validated else [])


def test_it_advances_to_the_first_entry_of_the_history_after_a_share_of_the_steps():
    candidates = group()
    assert list(candidates.advance(0.1)) == [2 * 2, 2 * 2]
    assert (candidates.step, candidates.steps) == (4, [2, 4])
    assert list(candidates.advance(0.1)) == []
    assert sum(candidates.advance(1.0)) == 2 * 20
    heads = candidates.heads()
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
    candidates = group(folds)
    list(candidates.advance(1.0))
    kernel = candidates.heads()[3].kernel
    assert kernel.shape == ((3, 2) if folds == 1 else (folds, 3, 2))
    by_fold = kernel.reshape(folds, 3, 2)
    np.testing.assert_allclose(
        by_fold, np.stack(folds * [by_fold[0]]), atol=1e-6
    )  # whose weights are the same
    assert candidates.validation_losses(np.ones(1, np.float32)).shape == (1, 2 * folds)


@pytest.mark.parametrize("folds", [1, 3])
def test_the_calibrated_loss_is_that_at_the_best_temperature_the_mean_over_folds(folds):
    candidates, temperatures = group(folds), np.geomspace(1 / 8, 8, 37, dtype=np.float32)
    list(candidates.advance(1.0))
    for number, head in candidates.heads().items():
        kernels, biases = head.kernel.reshape(folds, 3, 2), head.bias.reshape(folds, 1, 2)
        targets = HEAD.targets(LABELS)
        best = [
            min(np.mean(HEAD.loss(targets, logits / temperature)) for temperature in temperatures)
            for logits in FEATURES @ kernels + biases
        ]
        assert candidates.calibrated_losses()[number] == pytest.approx(np.mean(best), rel=1e-4)


def test_without_validation_there_are_no_losses():
    candidates = group(validated=False)
    assert np.isnan(candidates.validation_losses(np.ones(2, np.float32))).all()


def test_each_part_of_a_training_is_compiled_where_it_is_long(monkeypatch):
    compiled = []
    monkeypatch.setattr(budget, "COMPILED_FROM", budget.operations(12 * 2, 3, 2 * 2))
    for name in ("train_steps", "compiled_train_steps"):
        run = getattr(candidate_group, name)
        monkeypatch.setattr(
            candidate_group,
            name,
            lambda *given, run=run, name=name, **named: compiled.append(name) or run(*given, **named),
        )
    candidates = group()
    list(candidates.advance(0.5))
    candidates.give_up([7])
    list(candidates.advance(1.0))
    assert compiled == ["compiled_train_steps"] * 6 + ["train_steps"] * 6
