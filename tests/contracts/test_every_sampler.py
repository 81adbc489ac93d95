"""What every row of SAMPLERS promises to those who share a study, or go on with one."""

import contextlib

import optuna
import pytest

from retrain.extensions import named
from retrain.studies import SAMPLERS
from retrain.studies.sequences import distributions
from retrain.studies.space import parse_space, trial_count
from retrain.studies.study import ask, finished, open_study, tell
from tests.studies.studies import ABOUT, url

# Values of every kind: a list, whole numbers, any numbers on either scale, what JSON has no type for.
ENTRIES = ["dropout_rate=0,0.5", "batch_size=8..9", "fine_tune_from=Conv;Dense", "tasks=a:softmax;a:sigmoid"]
NUMBERS = ["learning_rate=1e-4..1e-1", "label_smoothing=0..0.2"]
COUNT = 20  # trials, enough that every sampler has done with its beginning
COUNTING = [name for name, row in SAMPLERS.items() if row.counts]


def space_for(name: str):
    return parse_space(ENTRIES if name in COUNTING else ENTRIES + NUMBERS)


def sampler_of(name: str, seed: int = 0) -> optuna.samplers.BaseSampler:
    return named(SAMPLERS[name].make)(space_for(name), seed)


def value_of(trial: optuna.trial.Trial) -> float:
    """What a trial gives follows from its point."""
    return 1.0 / trial.params["batch_size"] - trial.params["dropout_rate"]


def points_of(study: optuna.Study) -> list[dict]:
    return [trial.params for trial in study.get_trials()]


def alone(name: str, count: int = COUNT, seed: int = 0) -> list[dict]:
    """The points of one process that asks for two trials at a time."""
    study, drawn = optuna.create_study(sampler=sampler_of(name, seed)), distributions(space_for(name))
    for _ in range(count // 2):
        for trial in [study.ask(drawn) for _ in range(2)]:
            study.tell(trial, value_of(trial))
    return points_of(study)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_value_is_one_of_the_space(name):
    space = space_for(name)
    for point in alone(name):
        assert list(point) == list(space)
        for flag, varied in space.items():
            value = varied.restored(point[flag])
            low, high = varied.samples
            assert value in varied.counted if varied.counted else low <= value <= high


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_seed_gives_the_same_points(name):
    assert alone(name) == alone(name)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in COUNTING])
def test_another_seed_gives_other_points(name):
    assert alone(name, 4) != alone(name, 4, seed=1)


@pytest.mark.parametrize("name", SAMPLERS)
def test_workers_who_share_a_study_and_go_on_with_it_draw_the_points_of_one(name, tmp_path):
    """A point follows from its number, or from what was told before, whoever asks."""
    drawn = distributions(space_for(name))

    def work(studies: list[optuna.Study], times: int) -> None:
        for at in range(times):
            study = studies[at % len(studies)]
            for trial in ask(study, drawn, 2, COUNT):
                tell(study, trial, {"value": value_of(trial), "stopped": None})

    with contextlib.ExitStack() as stack:

        def opened() -> optuna.Study:
            return stack.enter_context(
                open_study(url(tmp_path), "sweep", "minimize", ABOUT, sampler_of(name))
            )

        work([opened()], 3)
        work([opened(), opened()], 6)
        last = opened()
        work([last], 5)
        assert len(finished(last)) == COUNT
        assert ask(last, drawn, 2, COUNT) == []
        assert points_of(last) == alone(name)


@pytest.mark.parametrize("name", COUNTING)
def test_who_counts_gives_every_combination_once(name):
    size = trial_count(None, name, space_for(name))
    assert size == 16
    assert len({tuple(point.values()) for point in alone(name, size)}) == size
