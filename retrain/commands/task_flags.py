"""Flags that say something of each task: TASK:VALUE, with commas between."""

import math
from collections.abc import Collection, Mapping

from retrain.data.listing import TASK, Listing
from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.heads import ONE_LABEL, SEVERAL_LABELS
from retrain.settings.config import Config


def by_task(flag: str, text: str, example: str) -> dict[str, str]:
    """The value of each task; `example` is one, for the sentence that says what is wrong."""
    values: dict[str, str] = {}
    for part in text.split(","):
        task, colon, value = (word.strip() for word in part.rpartition(":"))
        if not (task and colon and value) or task in values:
            raise InputError(
                f"--{flag}={text!r} was expected to name each task once, as TASK:VALUE with commas between, "
                f"but has {part!r}: write, say, --{flag}=kind:{example}."
            )
        values[task] = value
    return values


def task_kinds(config: Config) -> dict[str, str]:
    """The kind of head of each task that --tasks names."""
    return {} if config.tasks is None else by_task("tasks", config.tasks, "softmax")


def head_kinds(listing: Listing, head: str, kinds: Mapping[str, str]) -> dict[str, str]:
    """The kind of each task's head, the primary first: `head` for a folder, `kinds` for tasks of a table."""
    if listing.columns is None:
        return {TASK: head}
    several = listing.columns.several
    return {
        task: kinds.get(task) or (SEVERAL_LABELS if task in several else ONE_LABEL)
        for task in listing.columns.tasks
    }


def task_weights(config: Config, tasks: Collection[str]) -> dict[str, float]:
    """The weight of each task that --task_weights names; InputError for a task that is none of `tasks`."""
    weights = {}
    for task, text in (
        by_task("task_weights", config.task_weights, "0.5").items() if config.task_weights else ()
    ):
        if task not in tasks:
            raise InputError(unknown_name(task, tasks, "task"))
        try:
            weights[task] = float(text)
        except ValueError:
            weights[task] = math.nan
        if not 0 <= weights[task] < math.inf:
            raise InputError(
                f"--task_weights gives task {task!r} the weight {text!r}: give a number of 0 or more."
            )
    return weights
