"""What can be known to be wrong with a sweep before TensorFlow is imported."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from retrain.commands.label_inputs import read_labels
from retrain.commands.task_flags import head_kinds, task_kinds
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.modules.sources.source import check_handle
from retrain.settings.config import FIELDS, Config, check
from retrain.settings.pixels import check_fine_tuning
from retrain.sweep.objective import find_objective
from retrain.sweep.space import check_space, parse_space, trial_count, values_of


def check_sweep(config: Config, listing: Listing) -> None:
    """InputError for a space that cannot be searched, or an objective that some trial would not have."""
    space = parse_space(config.sweep)
    check_space(space, config)
    trial_count(config.trials, config.sampler, space)
    first = {name: _value(name, values_of(space, name)) for name in space}
    trial = dataclasses.replace(config, **first)
    check(trial, "sweep", first)
    check_fine_tuning(trial, trial.augments)
    _check_folds(trial)
    for handle in values_of(space, "tfhub_module") if "tfhub_module" in space else ():
        check_handle(handle)
    for name in {"head", "tasks"} & set(space):
        for value in values_of(space, name):
            of_value = dataclasses.replace(config, **{name: value})
            find_objective(config.objective, _head_kinds(read_labels(of_value), of_value))
    find_objective(config.objective, _head_kinds(listing, config))


def _value(name: str, values: Sequence[Any]) -> Any:
    """One of the values, if possible one that is not off: other flags may be of use with it only.

    Nor what the flag is when it is not given: such a value is of use wherever it is read.
    """
    idle = (False, "none", FIELDS[name].default)
    return next((value for value in values if value not in idle), values[0])


def _check_folds(config: Config) -> None:
    if config.folds is not None and config.trains_on_images:
        raise InputError(
            f"--folds={config.folds} judges heads on remembered features, but with --fine_tune or --augment "
            f"each fold would be a training of its own: leave out one of the two."
        )


def _head_kinds(listing: Listing, config: Config) -> dict[str, str]:
    return head_kinds(listing, config.head, task_kinds(config))
