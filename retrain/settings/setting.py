"""How a field of Config is declared, and what is wrong with a value of it, in a sentence.

A field carries advice, bounds or choices, the verbs that read it, and whether a sweep may vary it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from retrain.extensions import unknown_name

PERCENT = {"low": 0.0, "below": 100.0}
COUNT = {"low": 1, "high": 10**9}
DATA_VERBS = ("train", "evaluate")
ALL_VERBS = ("train", "evaluate", "predict", "inspect")
MODULE_VERBS = ("train", "inspect")


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
    required: Mapping[str, str]


def setting(
    default: Any,
    group: str,
    help: str,
    *,
    verbs: tuple[str, ...] = ("train",),
    choices: tuple[str, ...] = (),
    sweep: bool = False,
    path: bool = False,
    required: Mapping[str, str] | None = None,
    **bounds: float,
) -> Any:
    """A dataclass field; a `path` may begin with ~, and is written absolute where a run is recorded."""
    within = Bounds(**bounds) if bounds else None
    about = Setting(help, group, verbs, within, choices, sweep, path, required or {})
    return dataclasses.field(default=default, metadata={"setting": about})


def about(field: dataclasses.Field) -> Setting:
    """What is known of the field."""
    return field.metadata["setting"]


def as_text(value: Any) -> str:
    """A value as a flag takes it: true or false, not capitalized; a tuple with commas between."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def complaint(field: dataclasses.Field, value: Any, verb: str, given: bool) -> str | None:
    """What is wrong with `value` when `verb` is to be run, or None; `given` when the user set it."""
    known = about(field)
    if given and verb not in known.verbs:
        readers = " and ".join(known.verbs)
        return f"--{field.name}={as_text(value)} is not read by {verb}: it applies to {readers}."
    if verb in known.required and value == field.default:
        return f"{verb} needs --{field.name}: {known.required[verb]}."
    if value is not None and known.bounds and not known.bounds.hold(value):
        return f"--{field.name}={value} is out of range: it must be {known.bounds}."
    if value is not None and known.choices and value not in known.choices:
        return unknown_name(value, known.choices, f"value of --{field.name}")
    return None
