"""How a field of Config is declared, read from text, and what is wrong with a value of it, in a sentence.

A field carries advice, bounds or choices, the verbs that read it, and whether a sweep may vary it.
"""

import dataclasses
import math
import os
from collections.abc import Mapping
from typing import Any, get_args

from retrain.errors import InputError
from retrain.extensions import unknown_name

PERCENT = {"low": 0.0, "below": 100.0}
COUNT = {"low": 1, "high": 10**9}
TRAINING_VERBS = ("train", "sweep")
DATA_VERBS = (*TRAINING_VERBS, "evaluate")
ALL_VERBS = (*DATA_VERBS, "predict", "inspect")
MODULE_VERBS = (*TRAINING_VERBS, "inspect")

TAKES = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The range of a number: low and high are allowed themselves, above and below are not."""

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None

    def hold(self, value: float) -> bool:
        """Whether `value` lies within; never for nan."""
        return (
            (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        words = {"at least": self.low, "above": self.above, "at most": self.high, "below": self.below}
        return " and ".join(f"{word} {bound:.12g}" for word, bound in words.items() if bound is not None)


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is known of a field; `required` says what to give, for each verb that cannot do without."""

    help: str
    group: str
    verbs: tuple[str, ...]
    bounds: Bounds | None
    choices: tuple[str, ...]
    sweep: bool
    path: bool
    repeated: bool
    required: Mapping[str, str]


def setting(
    default: Any,
    group: str,
    help: str,
    *,
    verbs: tuple[str, ...] = TRAINING_VERBS,
    choices: tuple[str, ...] = (),
    sweep: bool = False,
    path: bool = False,
    repeated: bool = False,
    required: Mapping[str, str] | None = None,
    **bounds: float,
) -> Any:
    """A dataclass field; a `path` may begin with ~, and is written absolute where a run is recorded.

    One that is `repeated` is a tuple, and its flag is given once for each element.
    """
    within = Bounds(**bounds) if bounds else None
    about = Setting(help, group, verbs, within, choices, sweep, path, repeated, required or {})
    return dataclasses.field(default=default, metadata={"setting": about})


def about(field: dataclasses.Field) -> Setting:
    """What is known of the field."""
    return field.metadata["setting"]


def kind(field: dataclasses.Field) -> type:
    """The type of one value: of an optional one, without None; of a tuple, that of its elements."""
    parts = get_args(field.type)
    return parts[0] if parts else field.type


def from_text(field: dataclasses.Field, text: str, flag: str) -> Any:
    """One value as the user wrote it; InputError, which calls it `flag`, when it is of another kind."""
    if kind(field) is str and not text:
        raise InputError(f"{flag} needs a value, but was given an empty one: leave it out or name one.")
    if about(field).path:
        return os.path.expanduser(text)
    try:
        value = TRUTHS[text] if kind(field) is bool else kind(field)(text)
        if isinstance(value, str) or math.isfinite(value):
            return value
    except (ValueError, OverflowError, KeyError):
        pass
    raise InputError(f"{flag} takes {TAKES[kind(field)]}, but was given {text!r}.")


def as_text(value: Any) -> str:
    """A value as a flag takes it: true or false, not capitalized; a tuple with commas between."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def complaint(field: dataclasses.Field, value: Any, verb: str, given: bool) -> str | None:
    """What is wrong with `value` when `verb` is to be run, or None; `given` when the user set it."""
    known = about(field)
    if given and verb not in known.verbs:
        *first, last = known.verbs
        readers = f"{', '.join(first)} and {last}" if first else last
        return f"--{field.name}={as_text(value)} is not read by {verb}: it applies to {readers}."
    if verb in known.required and value == field.default:
        return f"{verb} needs --{field.name}: {known.required[verb]}."
    if value is not None and known.bounds and not known.bounds.hold(value):
        return f"--{field.name}={value} is out of range: it must be {known.bounds}."
    if value is not None and known.choices and value not in known.choices:
        return unknown_name(value, known.choices, f"value of --{field.name}")
    return None
