"""The space of a sweep: for each flag that varies, a range or a list of values.

    learning_rate=1e-4..1e-1      a range; on a log scale when both ends are positive and one is 20 times the
                                  other or more, unless lin: or log: stands before it
    learning_rate=1e-4..1e-1/7    seven values of it, evenly spaced, both ends among them
    dropout_rate=0,0.2,0.5        a list; with semicolons between where a value holds commas itself

Nothing heavy is imported here: a space that cannot be searched is known at once. InputError says why.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about, as_text, complaint, from_text, kind
from retrain.studies import SAMPLERS
from retrain.studies.ranges import Choices, Range

LOG_RATIO = 20.0
RANGE = re.compile(r"(?:(lin|log):)?(.+?)\.\.(.+?)(?:/(\d+))?")
USUAL_TRIALS = 64
# For a frozen head; its learning rate follows from the features. It stands in flags/sweep.flags, too.
DEFAULT = (
    "l2_regularizer=1e-4..0.5",
    "dropout_rate=0,0.2,0.5",
    "label_smoothing=0,0.05,0.1",
    "class_weights=none,balanced",
)


Space = Mapping[str, Range | Choices]


def parse_space(entries: Sequence[str]) -> dict[str, Range | Choices]:
    """The space that --sweep describes, the default one for none; by the names of its flags."""
    space: dict[str, Range | Choices] = {}
    for entry in entries or DEFAULT:
        name, equals, text = entry.partition("=")
        if not equals:
            raise InputError(
                f"--sweep={entry!r} says nothing of what to try: write a setting and its values, such as "
                f"dropout_rate=0,0.2,0.5 or learning_rate=1e-4..1e-1."
            )
        _check_name(name)
        if name in space:
            raise InputError(f"--sweep gives {name} twice: give all that it may be at once.")
        space[name] = _parse_values(name, text)
    return space


def check_space(space: Space, config: Config) -> None:
    """InputError when a flag is both given and swept."""
    for name in space:
        value = config.value(name)
        if value != FIELDS[name].default:
            raise InputError(
                f"--{name}={as_text(value)} fixes what --sweep {name} is to vary: leave out one of the two."
            )


def grid_axes(space: Space) -> dict[str, Sequence[Any]]:
    """All values of each flag; InputError where they cannot be counted."""
    for name, varied in space.items():
        if varied.counted is None:
            raise InputError(
                f"A grid needs values to step through, but {name} may be any number from {varied.low:g} to "
                f"{varied.high:g}: write {name}={varied.low:g}..{varied.high:g}/5 for five of them, or take "
                f"another --sampler."
            )
    return {name: varied.counted for name, varied in space.items()}


def sampler_for(sampler: str, trials: int | None, space: Space) -> str:
    """The sampler that was asked for; "grid" where trials suffice for all combinations: none comes twice."""
    if any(varied.counted is None for varied in space.values()):
        return sampler
    return "grid" if combinations(space) <= (trials or USUAL_TRIALS) else sampler


def trial_count(trials: int | None, sampler: str, space: Space) -> int:
    """How many trials are asked for; InputError for a grid that they do not cover."""
    if not SAMPLERS[sampler].counts:
        return trials or USUAL_TRIALS
    size = combinations(space)
    if trials is not None and trials < size:
        raise InputError(
            f"The grid has {size} combinations, more than --trials={trials}: leave out --trials to try them "
            f"all, or take another --sampler."
        )
    return size


def combinations(space: Space) -> int:
    """How many there are; InputError where they cannot be counted."""
    return math.prod(len(values) for values in grid_axes(space).values())


def _check_name(name: str) -> None:
    names = [field for field in FIELDS if about(FIELDS[field]).sweep]
    if name in FIELDS and name not in names:
        raise InputError(f"--{name} is the same for all trials of a sweep; it may vary {', '.join(names)}.")
    if name not in names:
        raise InputError(unknown_name(name, names, "setting that a sweep may vary"))


def _parse_values(name: str, text: str) -> Range | Choices:
    ranges = kind(FIELDS[name]) in (int, float) and not about(FIELDS[name]).parse
    found = RANGE.fullmatch(text) if ranges else None
    if found is not None:
        return _parse_range(name, text, found)
    separator = ";" if ";" in text else ","
    values = [from_text(FIELDS[name], part.strip(), f"--sweep {name}") for part in text.split(separator)]
    for value in values:
        _check_value(name, value)
    for position, value in enumerate(values):
        if value in values[:position]:
            raise InputError(f"--sweep {name}={text} names {as_text(value)} twice: name each value once.")
    if len(values) == 1:
        raise InputError(
            f"--sweep {name}={text} leaves nothing to vary: name two values or more, or give --{name}."
        )
    return Choices(tuple(values))


def _parse_range(name: str, text: str, found: re.Match[str]) -> Range | Choices:
    scale, first, last, steps = found.groups()
    low, high = (from_text(FIELDS[name], end.strip(), f"--sweep {name}") for end in (first, last))
    for value in (low, high):
        _check_value(name, value)
    if low >= high:
        raise InputError(
            f"--sweep {name}={text} is an empty range: write the lower end first, and a higher one."
        )
    if scale == "log" and low <= 0:
        raise InputError(
            f"--sweep {name}={text} begins at {low:g}, and a log scale has nothing below or at 0: use lin:."
        )
    log = scale == "log" or (scale is None and low > 0 and high >= LOG_RATIO * low)
    varied = Range(low, high, log)
    return varied if steps is None else _stepped(name, text, varied, int(steps))


def _stepped(name: str, text: str, varied: Range, steps: int) -> Choices:
    values = tuple(dict.fromkeys(varied.at(step / (steps - 1)) for step in range(steps))) if steps > 1 else ()
    if len(values) < 2 or len(values) < steps:
        raise InputError(
            f"--sweep {name}={text} has no {steps} values to step through: give another number from 2 on."
        )
    return Choices(values)


def _check_value(name: str, value: Any) -> None:
    sentence = complaint(FIELDS[name], value, "sweep", given=True)
    if sentence:
        raise InputError(sentence)
