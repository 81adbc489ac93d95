"""The study of a sweep, in Optuna's storage: trials are asked for, told, and given out again after a kill.

Any number of processes, on any machines that reach the storage, work on the same study. What a trial gave is
one attribute of it, `result`.
"""

import contextlib
import math
import operator
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
from absl import logging
from optuna.trial import FrozenTrial, Trial, TrialState

from retrain.errors import InputError
from retrain.studies.heartbeat import as_stored, beat, end, keep_watch, miss_the_dead
from retrain.studies.sequences import is_repeated, position, positions
from retrain.studies.storage import (
    RESULT,
    SURPLUS,
    failures_told,
    open_storage,
    without_password,
    without_warnings,
)

ABOUT = "about"
SECONDS_BETWEEN_LOOKS = 1.0


@contextlib.contextmanager
def open_study(
    url: str, name: str, direction: str, about: Mapping[str, Any], sampler: optuna.samplers.BaseSampler
) -> Iterator[optuna.Study]:
    """The study of that name, made if there is none; InputError when it is of another sweep, or not reached.

    `about` says what all trials have in common: each key is named in the sentence about what differs.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = open_storage(url)
    try:
        with failures_told(url):
            study = _joined(storage, name, direction, sampler)
            known = study.user_attrs.get(ABOUT)
            if known is None:
                study.set_user_attr(ABOUT, dict(about))
            else:
                _check_same(known, about, name, without_password(url))
            keep_watch(study)
            yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def check_study(url: str, name: str, about: Mapping[str, Any]) -> None:
    """InputError when the storage cannot be used, or has a study of that name that is of another sweep."""
    storage = open_storage(url)
    try:
        for known in optuna.study.get_all_study_summaries(storage):
            if known.study_name == name and ABOUT in known.user_attrs:
                _check_same(known.user_attrs[ABOUT], about, name, without_password(url))
    finally:
        storage.remove_session()
        storage.engine.dispose()


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that have a result, by number; diverged ones among them."""
    return [trial for trial in study.get_trials(deepcopy=False) if RESULT in trial.user_attrs]


def next_trials(study: optuna.Study, distributions: Mapping[str, Any], most: int, trials: int) -> list[Trial]:
    """As `ask`, but waits for the last trials of other workers, who may die; [] when all are finished."""
    asked = ask(study, distributions, most, trials)
    if not asked and unfinished(study):
        logging.info(
            "Waiting for %d trials that other workers have begun; a dead worker's are given out again.",
            unfinished(study),
        )
        keep_watch(study)
    while not asked and unfinished(study):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        asked = ask(study, distributions, most, trials)
    return asked


def ask(study: optuna.Study, distributions: Mapping[str, Any], most: int, trials: int) -> list[Trial]:
    """At most `most` trials to run now: those of dead workers first, then new ones, up to `trials` in all.

    New ones end where a batch of `most` would end if no worker had died.
    """
    asked: list[Trial] = []
    miss_the_dead(study)
    # Read once, for each look at the trials that run takes longer than one of them may.
    waiting, given_out = _counts(study)
    # Those that wait are of the last batch.
    trials_now = min(trials, math.ceil((given_out if waiting else given_out + 1) / most) * most)
    with without_warnings():
        while len(asked) < most and (waiting > 0 or given_out < trials_now):
            trial = study.ask(dict(distributions))
            beat(study, trial)
            stored = as_stored(study, trial)
            if is_repeated(stored):
                waiting -= 1
            elif stored.number >= trials and position(study, stored) >= trials:
                trial.set_user_attr(SURPLUS, True)
                study.tell(trial, state=TrialState.FAIL)
                break
            else:
                given_out += 1
            asked.append(trial)
    return asked


def batch_of(study: optuna.Study, asked: Sequence[Trial], most: int) -> list[Trial | FrozenTrial]:
    """The trials asked for, and those of their batches that a worker had told before it died, by position.

    What a trial gives hangs on those that it is trained beside: all of them in the last digits, and on who
    is given up.
    """
    places, known = positions(study, [as_stored(study, trial) for trial in asked]), finished(study)
    batches = {place // most for place in places}
    told = zip(positions(study, known), known, strict=True)
    batch = [*zip(places, asked, strict=True), *((at, trial) for at, trial in told if at // most in batches)]
    return [trial for _, trial in sorted(batch, key=operator.itemgetter(0))]


def tell(study: optuna.Study, trial: Trial | FrozenTrial, result: Mapping[str, Any]) -> None:
    """What a trial gave, an encoded record: "value" is None when it failed, "stopped" the step if it was.

    Nothing where the trial was told before, or this worker was taken for dead.
    """
    with without_warnings():
        if as_stored(study, trial).state == TrialState.RUNNING:
            trial.set_user_attr(RESULT, dict(result))
            end(study, trial)


def unfinished(study: optuna.Study) -> int:
    """How many trials run, here or elsewhere, or wait to be run again."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)))


def _joined(
    storage: optuna.storages.BaseStorage, name: str, direction: str, sampler: optuna.samplers.BaseSampler
) -> optuna.Study:
    with without_warnings():
        return optuna.create_study(
            storage=storage, study_name=name, direction=direction, sampler=sampler, load_if_exists=True
        )


def _check_same(known: Mapping[str, Any], about: Mapping[str, Any], name: str, url: str) -> None:
    for key, value in about.items():
        if known.get(key) != value:
            raise InputError(
                f"The study {name!r} in {url!r} was begun with {key}={known.get(key)}, but this sweep has "
                f"{key}={value}: repeat the settings of then, or name another --model_dir, --storage "
                f"or --study."
            )


def _counts(study: optuna.Study) -> tuple[int, int]:
    """How many trials wait to be run again, and how many different ones have been given out."""
    known = study.get_trials(deepcopy=False)
    waiting = sum(trial.state == TrialState.WAITING for trial in known)
    return waiting, sum(not is_repeated(trial) and SURPLUS not in trial.user_attrs for trial in known)
