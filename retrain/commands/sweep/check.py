"""The check of sweep: space, objective, data of all trials and storage, parsed without TensorFlow."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from retrain.commands.data_plan import DataPlan, check_outside, plan_data
from retrain.commands.module_check import check_modules
from retrain.commands.train.check import TrainPlan, plan_training
from retrain.errors import InputError
from retrain.extensions import named
from retrain.metric import Metric
from retrain.runs.continuing import check_may_run
from retrain.runs.run import STUDY, SWEEP, Run, run_for
from retrain.settings.config import FIELDS, Config
from retrain.settings.config import check as check_settings
from retrain.settings.data import DataSettings
from retrain.settings.field import about
from retrain.settings.needs import Circumstances, unread
from retrain.studies.objective import about_sweep, find_objective, name_of
from retrain.studies.space import Space, check_space, parse_space, sampler_for, trial_count


class SweepPlan(NamedTuple):
    """What is searched, and how.

    Attributes:
      config: what all trials share.
      metric: the objective.
      sampler: the row of SAMPLERS that is used.
      trials: how many of them there will be.
      plans: a training with all that the trials share, by the settings of data that a trial may have.
      storage: the database of the study.
      about: what a study must have been begun with to go on here.
    """

    config: Config
    space: Space
    metric: Metric
    sampler: str
    trials: int
    plans: Mapping[DataSettings, TrainPlan]
    storage: str
    about: Mapping[str, str]
    run: Run

    def trial(self, flags: Mapping[str, Any]) -> TrainPlan:
        """The plan of a trial with these flags."""
        config = trial_config(self.config, flags)
        return self.plans[config.data]._replace(config=config)


def trial_config(config: Config, flags: Mapping[str, Any]) -> Config:
    """The flags of the sweep that are those of `train`, too, and the trial's.

    What has no effect on the trial, as that of fine-tuning where it does none, is left out.
    """
    others = {name: field.default for name, field in FIELDS.items() if "train" not in about(field).verbs}
    trial = config.replaced(**others, model_dir=None, **flags)
    without_effect = unread(Circumstances(trial, "train"), FIELDS)
    return trial.replaced(**{name: FIELDS[name].default for name in without_effect})


def check(config: Config, words: Sequence[str]) -> SweepPlan:
    """InputError for a space that cannot be searched, or an objective that some trial would not have."""
    settings, space = config.sweep, parse_space(config.sweep.sweep)
    check_space(space, config)
    sampler = sampler_for(settings.sampler, settings.trials, space)
    trials = trial_count(settings.trials, sampler, space)
    plans = _plans(config, space)
    first, *others = [plan.data for plan in plans.values()]
    metric = _objective(settings.objective, first, others)
    run = run_for(config.results.model_dir, config.data.image_dir)
    plan = SweepPlan(
        config=config,
        space=space,
        metric=metric,
        sampler=sampler,
        trials=trials,
        plans=plans,
        storage=settings.storage or f"sqlite:///{os.path.abspath(run.file(STUDY))}",
        about=about_sweep(space, name_of(metric), config, [data.listing for data in (first, *others)]),
        run=run,
    )
    check_outside(str(run), first.image_dir)
    _check_a_trial(plan)
    check_may_run(run, "sweep", config, first.class_names)
    _check_storage(plan)
    return plan


def _plans(config: Config, space: Space) -> dict[DataSettings, TrainPlan]:
    """A training for the data of every trial: labels may be read in other ways."""
    plans, shared = {}, config.replaced(model_dir=None)
    names = [name for name in space if name in DataSettings.__dataclass_fields__]
    for name in names or [""]:
        for value in space[name].samples if name else [None]:
            settings = trial_config(config, {name: value} if name else {}).data
            plans[settings] = plan_training(shared, plan_data(settings))
    return plans


def _objective(text: str | None, first: DataPlan, others: Sequence[DataPlan]) -> Metric:
    """The figure by which all trials are ranked; InputError where one of them would not have it."""
    metric = find_objective(text, first.kinds)
    for other in others:
        theirs = find_objective(name_of(metric), other.kinds)
        if theirs != metric:
            raise InputError(
                f"{name_of(metric)} would be that of task {metric.task!r} in one trial and of task "
                f"{theirs.task!r} in another, which cannot be ranked: give all trials the same tasks."
            )
    return metric


def _check_a_trial(plan: SweepPlan) -> None:
    """InputError when a trial could not be trained, or would be the same without a flag that was given."""
    flags = {name: _telling(name, varied.samples) for name, varied in plan.space.items()}
    config = plan.config.replaced(**flags)
    check_settings(config, "sweep", flags)
    handles = plan.space["tfhub_module"].samples if "tfhub_module" in plan.space else ()
    given = next(iter(plan.plans.values())).data.listing.given_split
    check_modules(Circumstances(config, "sweep", given, varied=frozenset(plan.space)), handles)


def _telling(name: str, values: Sequence[Any]) -> Any:
    """One of the values, if possible one that is not off: other flags may be of use with it only.

    Nor what the flag is when it is not given: such a value is of use wherever it is read.
    """
    idle = (False, "none", FIELDS[name].default)
    return next((value for value in values if value not in idle), values[0])


def _check_storage(plan: SweepPlan) -> None:
    """InputError for a database that cannot be reached, or a study that another sweep began."""
    if plan.config.sweep.storage is not None or plan.run.state == SWEEP:
        # Only then what talks to databases is imported, half a second of it.
        named("retrain.studies.study:check_study")(plan.storage, plan.config.sweep.study, plan.about)
