"""What can be known to be wrong with a sweep before TensorFlow is imported."""

import dataclasses

from retrain.commands.label_inputs import read_labels
from retrain.commands.task_flags import head_kinds, task_kinds
from retrain.config import Config, check
from retrain.data.listing import Listing
from retrain.modules.resolve import check_handle
from retrain.sweep.objective import find_objective
from retrain.sweep.space import check_space, parse_space, trial_count, values_of


def check_sweep(config: Config, listing: Listing) -> None:
    """InputError for a space that cannot be searched, or an objective that some trial would not have."""
    space = parse_space(config.sweep)
    check_space(space, config)
    trial_count(config.trials, config.sampler, space)
    first = {name: values_of(space, name)[0] for name in space}
    check(dataclasses.replace(config, **first), "sweep", first)
    for handle in values_of(space, "tfhub_module") if "tfhub_module" in space else ():
        check_handle(handle)
    for name in {"head", "tasks"} & set(space):
        for value in values_of(space, name):
            of_value = dataclasses.replace(config, **{name: value})
            find_objective(config.objective, _head_kinds(read_labels(of_value), of_value))
    find_objective(config.objective, _head_kinds(listing, config))


def _head_kinds(listing: Listing, config: Config) -> dict[str, str]:
    return head_kinds(listing, config.head, task_kinds(config))
