import dataclasses
import re

import numpy as np
import pytest
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import TaskExamples
from retrain.head_search import search as head_search
from retrain.head_search.budget import Budget, Halving
from retrain.head_search.folds import assign_folds
from retrain.head_search.search import search_folds, search_head, search_heads, search_task
from retrain.head_search.starts import Start
from retrain.head_search.train_candidates import out_of_sample, train_candidates
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b"])
SHORT = {"max_steps": 30, "batch_size": 8}
HALVED = Budget(halving=Halving())
CANDIDATES = [
    candidate(rate, l2, **SHORT) for rate, l2 in [(1e30, 1e30), (0.3, 5.0), (0.3, 1e-4), (1e-6, 0.0)]
]


def make_split(count: int, seed: int) -> TaskExamples:
    labels = (np.arange(count) % 2).astype(np.int32)
    features = labels[:, None] + np.random.default_rng(seed).normal(size=[count, 3]) / 4
    return TaskExamples(features.astype(np.float32), labels, np.ones(count, np.float32))


TRAIN, VALIDATION = make_split(40, 0), make_split(10, 1)


def test_the_lowest_validation_loss_wins():
    found = search_head(HEAD, CANDIDATES, TRAIN, VALIDATION)
    heads = train_candidates(HEAD, CANDIDATES, TRAIN, VALIDATION)
    losses = [head.calibrated_loss for head in heads]
    assert losses[2] == np.nanmin(losses)
    assert found.candidate == CANDIDATES[2]
    np.testing.assert_array_equal(found.kernel, heads[2].kernel)
    np.testing.assert_array_equal(found.bias, heads[2].bias)
    assert (found.criterion, found.loss) == ("validation loss", losses[2])
    assert list(found.history) == heads[2].steps.tolist()
    training, validation = heads[2].losses[-1].tolist()
    assert found.history[30] == {"loss": training, "validation_loss": validation}


@pytest.mark.parametrize(("limit", "halving"), [(4 * 4 * 30 * 8 * 3 * 2, Halving()), (1e9, None)])
def test_a_long_search_gives_up_candidates_on_the_way(monkeypatch, limit, halving):
    asked = []

    def listening(*arguments, start, budget):
        asked.append(budget.halving)
        return train_candidates(*arguments, start=start, budget=budget)

    monkeypatch.setattr(head_search, "HALVED", limit)
    monkeypatch.setattr(head_search, "train_candidates", listening)
    assert search_head(HEAD, CANDIDATES, TRAIN, VALIDATION).candidate == CANDIDATES[2]
    assert asked == [halving]


def test_class_weights_count_in_validation_too():
    lopsided = VALIDATION.rows(np.array([0, 1, 3, 5, 7]))
    balanced = [dataclasses.replace(of, class_weights="balanced") for of in CANDIDATES]
    found = search_head(HEAD, balanced, TRAIN, lopsided)
    logits = (lopsided.features @ found.kernel + found.bias).astype(np.float32)
    losses = HEAD.loss(HEAD.targets(lopsided.labels), logits).numpy()
    expected = (losses[0] + losses[1:].mean()) / 2
    assert found.history[30]["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_without_validation_every_tenth_is_held_out_and_then_trained_on():
    found = search_head(HEAD, CANDIDATES, TRAIN, None)
    held_out = np.arange(40) % 10 == 0
    chosen = train_candidates(HEAD, CANDIDATES, TRAIN.rows(~held_out), TRAIN.rows(held_out))
    (again,) = train_candidates(HEAD, [CANDIDATES[2]], TRAIN, None)
    assert found.candidate == CANDIDATES[2]
    assert found.criterion == "loss on held out training images"
    assert found.loss == chosen[2].calibrated_loss
    np.testing.assert_array_equal(found.kernel, again.kernel)
    assert set(found.history[30]) == {"loss"}


@pytest.mark.parametrize(("candidates", "count"), [(CANDIDATES[2:3], 40), (CANDIDATES, 9)])
def test_one_candidate_or_few_examples_are_trained_at_once(candidates, count):
    train = TRAIN.rows(np.arange(count))
    found = search_head(HEAD, candidates, train, None)
    assert found.candidate == CANDIDATES[2]
    assert found.criterion == "training loss"
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("validation", [VALIDATION, None])
def test_when_every_candidate_diverges(validation):
    wild = [candidate(1e30, 1e30, **SHORT), candidate(1e35, 1e30, **SHORT)]
    with pytest.raises(InputError) as raised:
        search_head(HEAD, wild, TRAIN, validation)
    assert str(raised.value) == (
        "Training diverged at every learning rate (up to 1e+35): give a lower --learning_rate."
    )


@pytest.mark.parametrize("validation", [VALIDATION, None])
@pytest.mark.parametrize("count", [40, 9])
def test_every_road_begins_at_the_start(validation, count):
    start = Start(np.full([3, 2], 7, np.float32), np.full([2], 3, np.float32))
    still = [candidate(1e-30, 0.0, **SHORT), candidate(1e-30, 0.1, **SHORT)]
    found = search_head(HEAD, still, TRAIN.rows(np.arange(count)), validation, start)
    np.testing.assert_allclose(found.kernel, start.kernel, rtol=1e-6)
    np.testing.assert_allclose(found.bias, start.bias, rtol=1e-5)


def test_several_grids_at_once_are_searched_as_if_alone():
    balanced = [dataclasses.replace(of, class_weights="balanced", dropout_rate=0.5) for of in CANDIDATES]
    uneven = VALIDATION.rows(np.arange(10) % 4 < 2)
    together = search_heads(HEAD, [CANDIDATES, balanced, CANDIDATES[2:3], CANDIDATES[:1]], TRAIN, uneven)
    for found, grid in zip(together, (CANDIDATES, balanced, CANDIDATES[2:3]), strict=False):
        alone = search_head(HEAD, grid, TRAIN, uneven)
        assert (found.candidate, found.criterion) == (alone.candidate, alone.criterion)
        assert found.loss == pytest.approx(alone.loss, rel=1e-5)
        np.testing.assert_allclose(found.kernel, alone.kernel, atol=1e-6)
    assert together[3] is None


def test_a_grid_is_given_up_only_where_another_is_better():
    found = search_heads(HEAD, [[of] for of in CANDIDATES], TRAIN, VALIDATION, budget=HALVED)
    assert found[0] is None
    assert found[2].stopped is None
    assert found[3].stopped is not None


def test_a_large_grid_is_halved_among_others_as_it_is_alone(monkeypatch):
    monkeypatch.setattr(head_search, "HALVED", 0.0)
    grid = CANDIDATES[1:]
    together = search_heads(HEAD, [grid, CANDIDATES[2:3]], TRAIN, VALIDATION)
    alone = search_head(HEAD, grid, TRAIN, VALIDATION)
    np.testing.assert_array_equal(together[0].kernel, alone.kernel)
    assert together[0].history == alone.history


def test_of_each_grid_the_best_in_cross_validation():
    fold_of = assign_folds(TRAIN.labels, None, 4, 0)
    found = search_folds(HEAD, [CANDIDATES, CANDIDATES[:1], CANDIDATES[3:]], TRAIN, fold_of)
    results = out_of_sample(HEAD, CANDIDATES, TRAIN, fold_of)
    losses = [result.trained.calibrated_loss for result in results]
    assert losses[2] == np.nanmin(losses)
    assert found[0].trained.calibrated_loss == losses[2]
    np.testing.assert_allclose(found[0].logits, results[2].logits, atol=1e-5)
    assert found[1] is None
    np.testing.assert_allclose(found[2].logits, results[3].logits, atol=1e-5)


@pytest.mark.parametrize(("task", "name"), [("label", "Head"), ("kind", "Head of kind")])
def test_the_search_of_a_task_is_told_in_one_line(monkeypatch, task, name):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    settings = HeadSettings(learning_rate=0.25, max_steps=30, batch_size=8)
    found = search_task(task, HEAD, settings, {"train": TRAIN, "validation": VALIDATION}, None)
    line = (
        rf"{name}: the best of 8 by validation loss \({found.loss:.4g}\) has learning_rate=0.25 and "
        rf"l2_regularizer={found.candidate.l2_regularizer:.3g}; 30 steps of 8 images, \d+\.\d s\."
    )
    assert re.fullmatch(line, logged[-1])
    assert found.candidate.max_steps == 30
