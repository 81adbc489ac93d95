import dataclasses

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from retrain.examples.labelled import TaskExamples
from retrain.head_search import batches, budget
from retrain.head_search.budget import Budget, Halving
from retrain.head_search.folds import assign_folds, cross_validation, one_fold
from retrain.head_search.head_step import MOMENTUM
from retrain.head_search.starts import Start
from retrain.head_search.task_candidates import TaskCandidates
from retrain.head_search.train_candidates import (
    out_of_sample,
    tasks_out_of_sample,
    train_candidates,
    train_tasks,
)
from retrain.head_search.trained_head import TrainedHead
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.head_search.candidates import candidate

CLASSES = 3
HEAD = SoftmaxHead(["a", "b", "c"])
SHORT = {"max_steps": 12, "batch_size": 6}
HALVED = Budget(halving=Halving())
CANDIDATES = [
    candidate(0.1, 0.0, **SHORT),
    candidate(0.05, 0.01, label_smoothing=0.1, **SHORT),
    candidate(0.1, 0.001, l1_regularizer=0.01, class_weights="balanced", **SHORT),
    candidate(0.02, 0.1, seed=1, **SHORT),
]
DROPPED = [dataclasses.replace(of, dropout_rate=0.5) for of in CANDIDATES]


def make_split(count: int, seed: int = 0) -> TaskExamples:
    """Features around a corner of their own for each class, and far from zero; more of class 0."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % (CLASSES + 1) % CLASSES).astype(np.int32)
    features = np.eye(CLASSES, 5)[labels] + random.normal(2.0, 0.3, size=[count, 5])
    return TaskExamples(
        features.astype(np.float32), labels, random.uniform(0.5, 1.5, size=count).astype(np.float32)
    )


TRAIN, VALIDATION = make_split(24), make_split(9, seed=1)


def numpy_head(of: HeadSettings, train: TaskExamples) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The same training in plain numpy, without dropout: kernel, bias, and the loss at each step."""
    centre = train.features.mean(axis=0)
    features = (train.features - centre).astype(np.float64)
    targets = np.eye(CLASSES)[train.labels] * (1 - of.label_smoothing) + of.label_smoothing / CLASSES
    weights = train.weights * HEAD.example_weights(train.labels, of.class_weights)
    epochs = -(-of.max_steps * of.batch_size // len(features))
    order = [np.random.default_rng([of.seed, epoch]).permutation(len(features)) for epoch in range(epochs)]
    kernel, bias = np.zeros([features.shape[1], CLASSES]), np.zeros(CLASSES)
    kernel_velocity, bias_velocity, losses = 0.0, 0.0, []
    for step in range(of.max_steps):
        rows = np.concatenate(order)[step * of.batch_size : (step + 1) * of.batch_size]
        logits = features[rows] @ kernel + bias
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        shares = weights[rows, None] / len(rows)
        losses.append(-(shares * targets[rows] * np.log(probabilities)).sum())
        error = shares * (probabilities - targets[rows])
        gradient = features[rows].T @ error + 2 * of.l2_regularizer * kernel
        gradient += of.l1_regularizer * np.sign(kernel)
        kernel_velocity = MOMENTUM * kernel_velocity + gradient
        bias_velocity = MOMENTUM * bias_velocity + error.sum(axis=0)
        rate = of.learning_rate * (1 + np.cos(np.pi * step / of.max_steps)) / 2
        kernel = kernel - rate * kernel_velocity
        bias = bias - rate * np.mean(features**2) * bias_velocity
    return kernel, bias - centre @ kernel, losses


def check_same(one: TrainedHead, other: TrainedHead) -> None:
    np.testing.assert_allclose(one.kernel, other.kernel, rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.bias, other.bias, rtol=0, atol=1e-5)
    np.testing.assert_allclose(one.losses, other.losses, rtol=1e-5)
    assert one.stopped == other.stopped
    np.testing.assert_array_equal(one.steps, other.steps)


@pytest.fixture(scope="module")
def trained() -> list[TrainedHead]:
    return train_candidates(HEAD, CANDIDATES, TRAIN, VALIDATION)


@pytest.fixture
def compiled(monkeypatch):
    monkeypatch.setattr(budget, "COMPILED_FROM", 0.0)


@pytest.mark.parametrize("number", range(len(CANDIDATES)))
def test_it_is_what_numpy_does(trained, number):
    kernel, bias, losses = numpy_head(CANDIDATES[number], TRAIN)
    np.testing.assert_allclose(trained[number].kernel, kernel, atol=2e-6)
    np.testing.assert_allclose(trained[number].bias, bias, atol=1e-5)
    np.testing.assert_allclose(trained[number].losses[:, 0], losses, rtol=1e-5)
    logits = VALIDATION.features @ kernel + bias
    loss = HEAD.loss(HEAD.targets(VALIDATION.labels), logits.astype(np.float32))
    assert trained[number].losses[-1, 1] == pytest.approx(np.mean(VALIDATION.weights * loss), rel=1e-5)


def test_shapes_and_steps(trained):
    assert len(trained) == len(CANDIDATES)
    for head in trained:
        assert (head.kernel.shape, head.bias.shape, head.losses.shape) == ((5, 3), (3,), (12, 2))
        assert head.kernel.dtype == head.bias.dtype == np.float32
        assert head.steps.tolist() == list(range(1, 13))
        assert (head.stopped, head.failed) == (None, False)


def test_compiled_candidates_are_what_they_are_otherwise(trained, compiled):
    for one, same in zip(train_candidates(HEAD, CANDIDATES, TRAIN, VALIDATION), trained, strict=True):
        check_same(one, same)


def test_compiled_candidates_are_the_same_alone_among_others_in_pieces_and_halved(compiled, monkeypatch):
    wild = candidate(1e30, 1e30, dropout_rate=0.5, **SHORT)
    companions = [*DROPPED[:3], wild]
    among = train_candidates(HEAD, companions, TRAIN, VALIDATION)
    monkeypatch.setattr(batches, "STREAMED_BYTES", 1)
    streamed = train_candidates(HEAD, companions, TRAIN, VALIDATION, budget=Budget(4 * 100))
    halved = train_candidates(HEAD, companions, TRAIN, VALIDATION, budget=HALVED)
    assert [head.failed for head in among] == [False, False, False, True]
    for number, of in enumerate(companions[:3]):
        check_same(among[number], train_candidates(HEAD, [of], TRAIN, VALIDATION)[0])
        check_same(among[number], streamed[number])
        if halved[number].stopped is None:
            check_same(among[number], halved[number])
    assert sum(head.stopped is None for head in halved) == 1


def test_compiled_candidates_give_the_same_bits_again(compiled):
    for one, same in zip(*(train_candidates(HEAD, DROPPED[:2], TRAIN, None) for _ in range(2)), strict=True):
        assert np.array_equal(one.kernel, same.kernel)


any_candidate = st.builds(
    candidate,
    learning_rate=st.floats(0.001, 0.1),
    l2_regularizer=st.floats(0.0, 0.1),
    l1_regularizer=st.sampled_from([0.0, 0.01]),
    label_smoothing=st.sampled_from([0.0, 0.1]),
    class_weights=st.sampled_from(["none", "balanced"]),
    dropout_rate=st.sampled_from([0.0, 0.5]),
    max_steps=st.sampled_from([12, 45]),
    batch_size=st.sampled_from([6, 24]),
    seed=st.sampled_from([0, 1]),
)
diverging = st.just(candidate(1e30, 1e30, max_steps=12, batch_size=6))


@given(
    st.lists(any_candidate | diverging, min_size=1, max_size=8),
    st.integers(0, 7),
    st.sampled_from([4 * 2**30, 10_000, 0]),
)
@settings(deadline=None, phases=(Phase.explicit, Phase.generate), max_examples=10)
def test_a_candidate_is_the_same_whatever_its_companions_and_the_memory(companions, place, memory):
    of = companions[place % len(companions)]
    among = train_candidates(HEAD, companions, TRAIN, VALIDATION, budget=Budget(memory))[
        place % len(companions)
    ]
    (alone,) = train_candidates(HEAD, [of], TRAIN, VALIDATION)
    assert among.failed == alone.failed == (of.learning_rate == 1e30)
    if not alone.failed:
        check_same(among, alone)


@given(st.lists(any_candidate | diverging, min_size=1, max_size=8))
@settings(deadline=None, phases=(Phase.explicit, Phase.generate), max_examples=5)
def test_a_candidate_that_survives_halving_is_the_same_as_without(companions):
    halved = train_candidates(HEAD, companions, TRAIN, VALIDATION, budget=HALVED)
    whole = train_candidates(HEAD, companions, TRAIN, VALIDATION)
    survivors = [number for number, head in enumerate(halved) if head.stopped is None]
    assert survivors
    for number in survivors:
        if not whole[number].failed:
            check_same(halved[number], whole[number])


def test_halving_says_who_was_given_up_and_when():
    good, poor = (
        candidate(0.1, 0.0, max_steps=16, batch_size=6),
        candidate(1e-9, 0.0, max_steps=16, batch_size=6),
    )
    wild = candidate(1e30, 1e30, max_steps=32, batch_size=6)
    heads = train_candidates(HEAD, [poor, good, wild, poor], TRAIN, VALIDATION, budget=HALVED)
    assert [head.stopped for head in heads] == [8, None, 9, 4]
    assert [head.failed for head in heads] == [False, False, True, False]
    assert heads[3].steps.tolist() == [2, 4]
    assert heads[3].losses.shape == (2, 2)


@pytest.mark.parametrize("memory", [4 * 2**30, 0])
def test_sigmoid_heads_with_class_weights_of_their_own(memory):
    head = SigmoidHead(["a", "b", "c"])
    labels = (np.random.default_rng(0).random([24, 3]) < 0.3).astype(np.float32)
    labels[0, 0] = np.nan
    train = TRAIN._replace(labels=labels)
    together = train_candidates(head, CANDIDATES, train, train, budget=Budget(memory))
    for of, trained in zip(CANDIDATES, together, strict=True):
        (alone,) = train_candidates(head, [of], train, train)
        check_same(trained, alone)
    plain, balanced = (
        train_candidates(head, [dataclasses.replace(CANDIDATES[0], class_weights=name)], train, None)[
            0
        ].kernel
        for name in ("none", "balanced")
    )
    assert not np.allclose(plain, balanced, atol=1e-3)


def test_the_same_seed_gives_the_same_bits_and_another_other_ones():
    first, again = (train_candidates(HEAD, DROPPED, TRAIN, None) for _ in range(2))
    for one, same in zip(first, again, strict=True):
        assert np.array_equal(one.kernel, same.kernel)
    (other,) = train_candidates(HEAD, [dataclasses.replace(DROPPED[0], seed=1)], TRAIN, None)
    assert not np.allclose(first[0].kernel, other.kernel, atol=1e-3)


def test_dropout_drops(trained):
    for plain, dropped in zip(trained, train_candidates(HEAD, DROPPED, TRAIN, None), strict=True):
        assert not np.allclose(plain.kernel, dropped.kernel, atol=1e-3)


def test_fewer_examples_than_a_batch():
    few = TRAIN.rows(np.arange(CLASSES))
    (trained,) = train_candidates(HEAD, [candidate(0.5, 0.0, max_steps=100, batch_size=8)], few, None)
    predicted = (few.features @ trained.kernel + trained.bias).argmax(axis=1)
    assert predicted.tolist() == few.labels.tolist()


def test_one_example_of_one_class():
    heads = train_candidates(HEAD, DROPPED, TRAIN.rows(np.array([1])), None)
    assert all(np.isfinite(head.kernel).all() for head in heads)


def test_a_candidate_that_diverges_harms_no_other(trained):
    wild = [candidate(1e30, 1e30, **SHORT), *CANDIDATES, candidate(1e38, 0.0, l1_regularizer=1e38, **SHORT)]
    heads = train_candidates(HEAD, wild, TRAIN, VALIDATION)
    assert [head.failed for head in heads] == [True, *4 * [False], True]
    assert np.isnan(heads[0].losses[-1]).all()
    for head, harmless in zip(heads[1:-1], trained, strict=True):
        check_same(head, harmless)


def test_without_validation_there_is_no_validation_loss(trained):
    for head, without in zip(trained, train_candidates(HEAD, CANDIDATES, TRAIN, None), strict=True):
        assert np.isnan(without.losses[:, 1]).all()
        np.testing.assert_array_equal(without.kernel, head.kernel)


def test_the_history_ends_with_the_last_step():
    (trained,) = train_candidates(HEAD, [candidate(0.1, 0.0, max_steps=45, batch_size=6)], TRAIN, None)
    assert trained.steps.tolist() == [*range(4, 45, 4), 45]
    assert len(trained.losses) == len(trained.steps)


START = Start(np.eye(5, CLASSES, dtype=np.float32), np.asarray([0.5, -1.0, 0.0], np.float32))


def test_a_start_that_is_not_left():
    still = candidate(1e-30, 0.1, max_steps=3, batch_size=6)
    for trained in train_candidates(HEAD, [still, still], TRAIN, VALIDATION, START):
        np.testing.assert_allclose(trained.kernel, START.kernel, atol=1e-6)
        np.testing.assert_allclose(trained.bias, START.bias, atol=1e-5)
        loss = HEAD.loss(HEAD.targets(VALIDATION.labels), VALIDATION.features @ START.kernel + START.bias)
        assert trained.losses[-1, 1] == pytest.approx(np.mean(VALIDATION.weights * loss), rel=1e-5)


def test_a_start_of_zeros_is_none(trained):
    zeros = Start(np.zeros_like(START.kernel), np.zeros_like(START.bias))
    for plain, head in zip(
        trained, train_candidates(HEAD, CANDIDATES, TRAIN, VALIDATION, zeros), strict=True
    ):
        np.testing.assert_array_equal(head.kernel, plain.kernel)
        np.testing.assert_array_equal(head.bias, plain.bias)


def test_penalties_draw_towards_the_start():
    penalties = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)]
    drawn = [candidate(0.02, l2, l1_regularizer=l1, max_steps=300, batch_size=24) for l2, l1 in penalties]
    for halving in (None, Halving(after=(0.01,), share=1.0)):
        heads = train_candidates(HEAD, drawn, TRAIN, VALIDATION, START, Budget(halving=halving))
        free, l2, l1 = (np.abs(head.kernel - START.kernel).max() for head in heads)
        assert l2 < 0.02 < 0.1 < free
        assert l1 < 0.1 < free


IN_FOLDS = [
    candidate(0.1, 0.01, max_steps=20, batch_size=8),
    candidate(0.05, 0.0, max_steps=20, batch_size=8, dropout_rate=0.5),
    candidate(1e30, 1e30, max_steps=20, batch_size=8),
]


def make_even(count: int) -> TaskExamples:
    random = np.random.default_rng(0)
    labels = (np.arange(count) % 3).astype(np.int32)
    features = np.eye(3, 5)[labels] + random.normal(1.0, 0.3, size=[count, 5])
    return TaskExamples(
        features.astype(np.float32), labels, random.uniform(0.5, 1.5, count).astype(np.float32)
    )


EXAMPLES = make_even(30)
FOLD_OF = assign_folds(EXAMPLES.labels, None, 5, 0)


def test_a_held_out_example_has_no_part_in_the_head_that_predicts_it():
    plain = out_of_sample(HEAD, IN_FOLDS[:2], EXAMPLES, FOLD_OF)
    held_out = FOLD_OF == 2
    lies = EXAMPLES._replace(labels=np.where(held_out, (EXAMPLES.labels + 1) % 3, EXAMPLES.labels))
    for one, other in zip(plain, out_of_sample(HEAD, IN_FOLDS[:2], lies, FOLD_OF), strict=True):
        np.testing.assert_allclose(one.logits[held_out], other.logits[held_out], atol=1e-5)
        assert not np.allclose(one.logits[~held_out], other.logits[~held_out], atol=1e-2)


def test_a_fold_is_trained_as_if_what_it_holds_out_weighed_nothing():
    [found] = out_of_sample(HEAD, IN_FOLDS[:1], EXAMPLES, FOLD_OF)
    assert found.trained.kernel.shape == (5, 5, 3)
    rows = FOLD_OF == 0
    logits = EXAMPLES.features[rows] @ found.trained.kernel[0] + found.trained.bias[0]
    np.testing.assert_array_equal(found.logits[rows], logits)
    assert (found.logits.argmax(axis=1) == EXAMPLES.labels).mean() > 0.8
    losses = HEAD.loss(HEAD.targets(EXAMPLES.labels), found.logits).numpy() * EXAMPLES.weights
    [halved] = out_of_sample(HEAD, IN_FOLDS[:1], EXAMPLES, FOLD_OF, budget=Budget(halving=Halving()))
    assert halved.trained.losses[-1, 1] == pytest.approx(losses.mean(), rel=1e-4)
    assert np.isnan(found.trained.losses[:, 1]).all()


def test_companions_do_no_harm_and_halving_keeps_folds_together():
    budget = Budget(halving=Halving(after=(0.5,), share=0.6))
    together = [*out_of_sample(HEAD, IN_FOLDS, EXAMPLES, FOLD_OF, budget=budget)]
    assert [found.trained.stopped for found in together] == [None, None, 10]
    assert [found.trained.failed for found in together] == [False, False, True]
    for one, found in zip(IN_FOLDS[:2], together[:2], strict=True):
        (alone,) = out_of_sample(HEAD, [one], EXAMPLES, FOLD_OF)
        np.testing.assert_allclose(found.trained.kernel, alone.trained.kernel, atol=1e-6)
        np.testing.assert_allclose(found.logits, alone.logits, atol=1e-5)


def test_heads_of_folds_that_do_not_fit_together_are_trained_one_by_one():
    together = out_of_sample(HEAD, IN_FOLDS[:2], EXAMPLES, FOLD_OF)
    one_by_one = out_of_sample(HEAD, IN_FOLDS[:2], EXAMPLES, FOLD_OF, budget=Budget(memory=10**5))
    for found, other in zip(one_by_one, together, strict=True):
        np.testing.assert_allclose(found.trained.kernel, other.trained.kernel, atol=1e-5)
        np.testing.assert_allclose(found.logits, other.logits, atol=1e-5)
        np.testing.assert_allclose(found.trained.losses, other.trained.losses, rtol=1e-4)
        np.testing.assert_array_equal(found.trained.steps, other.trained.steps)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
def test_a_rare_class_is_not_seen_in_all_that_is_held_out(kind):
    """With more features than examples, as those of the embedded module are for few photos."""
    random, rare = np.random.default_rng(0), np.arange(60) < 3
    features = random.normal(size=(60, 400)).astype(np.float32)
    features[:, 0] += 3 * rare
    if kind == "softmax":
        head, labels = SoftmaxHead(["common", "rare"]), rare.astype(np.int32)
    else:
        head, labels = SigmoidHead(["common", "rare"]), np.stack([~rare, rare], axis=1).astype(np.int8)
    examples = TaskExamples(features, labels, np.ones(60, np.float32))
    settings = candidate(0.01, l2_regularizer=0.01, max_steps=200, batch_size=60)
    [found] = out_of_sample(head, [settings], examples, assign_folds(rare.astype(int), None, 5, seed=0))
    assert np.mean(np.argmax(found.logits, axis=1)[~rare] == 0) > 0.85
    [whole] = train_candidates(head, [settings], examples, None)
    in_sample = features @ whole.kernel + whole.bias
    np.testing.assert_allclose(found.logits[~rare].mean(0), in_sample[~rare].mean(0), atol=1.0)


def of_task(kind: str, place: int, in_folds: bool) -> TaskCandidates:
    """A task with labels, folds, candidates and, of every second, a start of its own."""
    random = np.random.default_rng(place)
    if kind == "softmax":
        head, labels = HEAD, random.permutation(EXAMPLES.labels)
    else:
        head, labels = SigmoidHead(["a", "b", "c"]), random.integers(0, 2, [30, 3]).astype(np.float32)
    examples = EXAMPLES._replace(labels=labels)
    folds = assign_folds(np.arange(30) % 3, None, 5, place)
    of = cross_validation(examples, folds) if in_folds else one_fold(examples, examples.rows(slice(9)))
    candidates = [
        candidate(0.1, 0.02 * place, max_steps=12, batch_size=8, class_weights=name)
        for name in ("none", "balanced")
    ]
    start = Start(np.full([5, 3], 0.1, np.float32), np.zeros(3, np.float32)) if place % 2 else None
    return TaskCandidates(head, candidates[: 1 + place % 2], of, start)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
@pytest.mark.parametrize("in_folds", [False, True], ids=["whole", "in folds"])
@pytest.mark.parametrize("memory", [10**9, 4 * 100], ids=["resident", "streamed"])
def test_heads_of_tasks_are_the_same_alone_and_at_once(kind, in_folds, memory):
    tasks, budget = [of_task(kind, place, in_folds) for place in range(4)], Budget(memory)
    together = [*train_tasks(tasks, budget)]
    assert [len(of) for of in together] == [1, 2, 1, 2]
    for task, heads in zip(tasks, together, strict=True):
        [alone] = train_tasks([task])
        for one, other in zip(heads, alone, strict=True):
            check_same(one, other)


def test_with_halving_candidates_are_compared_with_those_of_their_task_alone():
    tasks = [of_task("softmax", place, in_folds=True) for place in (1, 3)]
    halved = Budget(halving=Halving())
    for task, heads in zip(tasks, train_tasks(tasks, halved), strict=True):
        [alone] = train_tasks([task], halved)
        assert sorted(of.stopped or 12 for of in heads) == [3, 12]
        for one, other in zip(heads, alone, strict=True):
            check_same(one, other)


@pytest.mark.parametrize("memory", [10**9, 10**5], ids=["side by side", "one by one"])
def test_tasks_are_predicted_each_by_its_own_folds(memory):
    tasks = [of_task("softmax", place, in_folds=True) for place in range(3)]
    for task, results in zip(tasks, tasks_out_of_sample(tasks, Budget(memory)), strict=True):
        folds = task.folds
        alone = out_of_sample(task.head, task.candidates, folds.train, folds.fold_of, task.start)
        for one, other in zip(results, alone, strict=True):
            np.testing.assert_allclose(one.logits, other.logits, atol=1e-5)
