"""The check of sweep: space, objective, data of all trials and storage, parsed without TensorFlow."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from retrain.commands.data_plan import DataPlan, check_outside, plan_data
from retrain.commands.module_check import check_modules
from retrain.commands.sweep.trial_plan import trial_config
from retrain.commands.train.check import TrainPlan, check_trainable, plan_training
from retrain.extensions import named
from retrain.metric import Metric
from retrain.runs.continuing import check_may_run
from retrain.runs.run import SWEEP, Run, run_for
from retrain.settings.config import FIELDS, Config
from retrain.settings.config import check as check_settings
from retrain.settings.data import DataSettings
from retrain.settings.needs import Circumstances
from retrain.sweep.about import about_sweep
from retrain.sweep.objective import find_objective, name_of
from retrain.sweep.space import Space, check_space, parse_space, sampler_for, trial_count, values_of

STUDY_FILE = "study.db"


class SweepPlan(NamedTuple):
    """What is searched, and how.

    Attributes:
      config: what all trials share.
      metric: the objective.
      sampler: the row of SAMPLERS that is used.
      trials: how many of them there will be.
      data: what is known of the data, by the settings that a trial may have.
      storage: the database of the study.
      about: what a study must have been begun with to go on here.
    """

    config: Config
    space: Space
    metric: Metric
    sampler: str
    trials: int
    data: Mapping[DataSettings, DataPlan]
    storage: str
    about: Mapping[str, str]
    run: Run

    def trial(self, flags: Mapping[str, Any]) -> TrainPlan:
        """The plan of a trial with these flags."""
        config = trial_config(self.config, flags)
        return plan_training(config, self.data[config.data])


def check(config: Config, words: Sequence[str]) -> SweepPlan:
    """InputError for a space that cannot be searched, or an objective that some trial would not have."""
    settings, space = config.sweep, parse_space(config.sweep.sweep)
    check_space(space, config)
    sampler = sampler_for(settings.sampler, settings.trials, space)
    trials = trial_count(settings.trials, sampler, space)
    data = _data_of_trials(config, space)
    metrics = [find_objective(settings.objective, plan.kinds) for plan in data.values()]
    first = next(iter(data.values()))
    run = run_for(config.results.model_dir, config.data.image_dir)
    plan = SweepPlan(
        config=config,
        space=space,
        metric=metrics[0],
        sampler=sampler,
        trials=trials,
        data=data,
        storage=settings.storage or f"sqlite:///{os.path.abspath(run.file(STUDY_FILE))}",
        about=about_sweep(space, name_of(metrics[0]), config, first.listing),
        run=run,
    )
    check_outside(str(run), first.image_dir)
    _check_a_trial(plan, first)
    check_may_run(run, "sweep", config, first.class_names)
    _check_storage(plan)
    return plan


def _data_of_trials(config: Config, space: Space) -> dict[DataSettings, DataPlan]:
    """The data of every trial: labels may be read in other ways."""
    plans = {}
    names = [name for name in space if name in DataSettings.__dataclass_fields__]
    for name in names or [""]:
        for value in values_of(space, name) if name else [None]:
            settings = trial_config(config, {name: value} if name else {}).data
            plans[settings] = plan_data(settings)
            check_trainable(plans[settings])
    return plans


def _check_a_trial(plan: SweepPlan, data: DataPlan) -> None:
    """InputError when a trial could not be trained, or would be the same without a flag that was given."""
    flags = {name: _telling(name, values_of(plan.space, name)) for name in plan.space}
    config = plan.config.replaced(**flags)
    check_settings(config, "sweep", flags)
    handles = values_of(plan.space, "tfhub_module") if "tfhub_module" in plan.space else ()
    given = data.listing.given_split
    check_modules(Circumstances(config, "sweep", given, varied=frozenset(plan.space)), handles)
    plan_training(trial_config(config, {}), data)


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
        named("retrain.sweep.study:check_study")(plan.storage, plan.config.sweep.study, plan.about)
