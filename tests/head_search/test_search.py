import dataclasses
import re

import numpy as np
import pytest
from absl import logging

from retrain.errors import InputError
from retrain.examples.labelled import LabelledExamples, TaskExamples
from retrain.head_search import search as head_search
from retrain.head_search.budget import Budget, Halving
from retrain.head_search.choice import Choice, chosen
from retrain.head_search.folds import assign_folds
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.search import choose, search_folds, search_tasks, train_chosen
from retrain.head_search.starts import Start
from retrain.head_search.task_search import choosing_folds
from retrain.head_search.train_candidates import (
    out_of_sample,
    tasks_out_of_sample,
    train_candidates,
    train_tasks,
)
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.examples.worlds import made_up
from tests.head_search.candidates import candidate

HEAD = SoftmaxHead(["a", "b"])
SHORT = {"max_steps": 30, "batch_size": 8}
CANDIDATES = [
    candidate(rate, l2, **SHORT) for rate, l2 in [(1e30, 1e30), (0.3, 5.0), (0.3, 1e-4), (1e-6, 0.0)]
]
GIVEN = HeadSettings(learning_rate=0.25, **SHORT)


def make_split(count: int, seed: int) -> TaskExamples:
    labels = (np.arange(count) % 2).astype(np.int32)
    features = labels[:, None] + np.random.default_rng(seed).normal(size=[count, 3]) / 4
    return TaskExamples(features.astype(np.float32), labels, np.ones(count, np.float32))


TRAIN, VALIDATION = make_split(40, 0), make_split(10, 1)
FOLD_OF = assign_folds(TRAIN.labels, None, 5, 0)


def examples_of(task: str) -> LabelledExamples:
    """40 to train on, which are TRAIN, and 10 of validation, VALIDATION."""
    return made_up_of(**{task: [HEAD.class_names[label] for label in (*TRAIN.labels, *VALIDATION.labels)]})


def made_up_of(**cells: list[str | None]) -> LabelledExamples:
    examples = made_up([f"{row}.jpg" for row in range(50)], **cells)
    features = np.concatenate([TRAIN.features, VALIDATION.features])
    return examples.with_splits(["train"] * 40 + ["validation"] * 10).with_features(features)


@pytest.mark.parametrize(("task", "name"), [("label", "Head"), ("kind", "Head of kind")])
def test_the_chosen_candidate_is_trained_on_all_and_told_of_in_one_line(monkeypatch, task, name):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    examples = examples_of(task)
    found, told = search_tasks(GIVEN, examples, {})[task], logged[-1]
    grid = candidates(GIVEN, feature_scale(TRAIN.features), 40)
    choice = choose(HEAD, grid, TRAIN, choosing_folds(examples, task, 0))
    [trained] = train_candidates(HEAD, [choice.candidate], TRAIN, VALIDATION)
    assert found.candidate == choice.candidate
    np.testing.assert_array_equal(found.kernel, trained.kernel)
    np.testing.assert_array_equal(found.bias, trained.bias)
    assert found.history == trained.history
    given = f"{name}: learning_rate=0.25, l2_regularizer={choice.candidate.l2_regularizer:.3g} "
    rest = rf"\({re.escape(choice.reason)}\); 30 steps of 8 images, \d+\.\d s\."
    assert re.fullmatch(re.escape(given) + rest, told)


def test_images_of_validation_have_no_part_in_the_choice():
    examples = examples_of("label")
    lies = examples.with_cells("label", [*examples.tasks["label"].cells[:40], *"ba" * 5])
    one, other = (search_tasks(GIVEN, of, {})["label"] for of in (examples, lies))
    assert one.candidate == other.candidate
    np.testing.assert_array_equal(one.kernel, other.kernel)


def test_tasks_that_are_alike_are_searched_at_once_and_as_they_are_alone(monkeypatch):
    logged, asked = [], []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    monkeypatch.setattr(
        head_search, "train_tasks", lambda tasks: asked.append(len(tasks)) or train_tasks(tasks)
    )
    cells = {"label": examples_of("label").tasks["label"].cells}
    cells["lies"] = ["b" if row % 5 == 0 else cell for row, cell in enumerate(cells["label"])]
    cells["few"] = [None if row % 3 == 0 else cell for row, cell in enumerate(cells["label"])]
    together = {name: made_up_of(**{name: of}) for name, of in cells.items()}
    found = search_tasks(GIVEN, made_up_of(**cells), {})
    assert (list(found), asked) == (list(cells), [2, 1])
    told = [line.partition(", ")[0] for line in logged]
    assert [line for line in told if line.startswith("Head")] == [
        f"Head{of}: learning_rate=0.25" for of in ("", " of lies", " of few")
    ]
    endings = [line.rpartition(", ")[2] for line in logged if line.startswith("Head")]
    assert [re.sub(r"\d+\.\d", "1.0", ending) for ending in endings] == [
        *2 * ["1.0 s for 2 heads."],
        "1.0 s.",
    ]
    for name, examples in together.items():
        alone = search_tasks(GIVEN, examples, {})[name]
        assert found[name].candidate == alone.candidate
        np.testing.assert_allclose(found[name].kernel, alone.kernel, atol=1e-6)


def test_when_every_candidate_diverges():
    wild = dataclasses.replace(GIVEN, learning_rate=1e35)
    for settings in (wild, dataclasses.replace(wild, l2_regularizer=1e30)):
        with pytest.raises(InputError) as raised:
            search_tasks(settings, examples_of("label"), {})
        assert str(raised.value) == (
            "Training diverged at every learning rate (up to 1e+35): give a lower --learning_rate."
        )


def test_training_begins_at_the_start():
    start = Start(np.full([3, 2], 7, np.float32), np.full([2], 3, np.float32))
    still = dataclasses.replace(GIVEN, learning_rate=1e-30)
    for settings in (still, dataclasses.replace(still, l2_regularizer=0.1)):
        found = search_tasks(settings, examples_of("label"), {"label": start})["label"]
        np.testing.assert_allclose(found.kernel, start.kernel, rtol=1e-6)
        np.testing.assert_allclose(found.bias, start.bias, rtol=1e-5)


def test_it_is_chosen_by_cross_validation():
    found = choose(HEAD, CANDIDATES, TRAIN, FOLD_OF)
    results = out_of_sample(HEAD, CANDIDATES, TRAIN, FOLD_OF)
    assert found == chosen(HEAD, CANDIDATES, results, TRAIN, FOLD_OF)
    assert found.candidate in CANDIDATES[1:3]


@pytest.mark.parametrize(("steps", "taken"), [(30, 30), (999, 200), (1000, 200), (1001, 201), (6000, 1200)])
def test_a_fifth_of_the_steps_is_enough(monkeypatch, steps, taken):
    results, trained = [*out_of_sample(HEAD, CANDIDATES[2:3], TRAIN, FOLD_OF)], []

    def listening(tasks, budget):
        trained.extend(tasks[0].candidates)
        return [[results[0]] * len(tasks[0].candidates)]

    monkeypatch.setattr(head_search, "tasks_out_of_sample", listening)
    grid = [dataclasses.replace(of, max_steps=steps) for of in CANDIDATES[1:3]]
    assert choose(HEAD, grid, TRAIN, FOLD_OF).candidate == grid[0]
    assert trained == [dataclasses.replace(of, max_steps=taken) for of in grid]


def test_there_may_be_nothing_to_choose_or_nothing_to_choose_by():
    assert choose(HEAD, [CANDIDATES[2]], TRAIN, FOLD_OF) == Choice(CANDIDATES[2])
    few = Choice(CANDIDATES[1], 0, "of 2 the strongest penalty: too few images to compare them by")
    two = TRAIN.rows(slice(2))
    assert choose(HEAD, CANDIDATES[1:3], two, np.array([0, 1])) == few
    assert choose(HEAD, CANDIDATES[1:3], TRAIN, np.zeros(40, int)) == few


def test_when_all_diverge_there_is_none():
    assert choose(HEAD, CANDIDATES[:1] * 2, TRAIN, FOLD_OF) is None


@pytest.mark.parametrize(("limit", "halving"), [(4 * 4 * 30 * 8 * 3 * 10, Halving()), (1e9, None)])
def test_of_a_large_grid_candidates_are_given_up_on_the_way(monkeypatch, limit, halving):
    asked = []

    def listening(tasks, budget):
        asked.append(budget)
        return tasks_out_of_sample(tasks, budget)

    monkeypatch.setattr(head_search, "HALVED", limit)
    monkeypatch.setattr(head_search, "tasks_out_of_sample", listening)
    assert choose(HEAD, CANDIDATES, TRAIN, FOLD_OF, memory=10**6).candidate in CANDIDATES[1:3]
    assert asked == [(10**6, halving)]


def test_choices_are_trained_together_as_they_are_alone():
    balanced = dataclasses.replace(CANDIDATES[2], class_weights="balanced", dropout_rate=0.5)
    choices = [Choice(CANDIDATES[2]), None, Choice(balanced), Choice(CANDIDATES[0])]
    together = train_chosen(HEAD, choices, TRAIN, VALIDATION)
    assert (together[1], together[3]) == (None, None)
    for place in (0, 2):
        [alone] = train_chosen(HEAD, [choices[place]], TRAIN, VALIDATION)
        assert together[place].candidate == choices[place].candidate
        np.testing.assert_allclose(together[place].kernel, alone.kernel, atol=1e-6)
    assert train_chosen(HEAD, [None], TRAIN, VALIDATION) == [None]


def test_without_validation_there_is_no_loss_of_it():
    [found] = train_chosen(HEAD, [Choice(CANDIDATES[2])], TRAIN, None)
    assert set(found.history[30]) == {"loss"}


def test_a_choice_is_given_up_only_where_another_is_better():
    halved = Budget(halving=Halving())
    found = train_chosen(HEAD, [Choice(of) for of in CANDIDATES], TRAIN, VALIDATION, budget=halved)
    assert found[0] is None
    assert found[2].stopped is None
    assert found[3].stopped is not None


def test_of_each_grid_the_chosen_in_cross_validation():
    fold_of = assign_folds(TRAIN.labels, None, 4, 0)
    found = search_folds(HEAD, [CANDIDATES, CANDIDATES[:1], CANDIDATES[3:]], TRAIN, fold_of)
    results = [*out_of_sample(HEAD, CANDIDATES, TRAIN, fold_of)]
    expected = results[chosen(HEAD, CANDIDATES, results, TRAIN, fold_of).position]
    np.testing.assert_allclose(found[0].logits, expected.logits, atol=1e-5)
    assert found[1] is None
    np.testing.assert_allclose(found[2].logits, results[3].logits, atol=1e-5)
