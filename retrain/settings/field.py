"""How a setting is declared, read from text, and what is wrong with a value of it, in a sentence.

A field of a section says all that is known of it: advice, bounds or choices, the verbs that read it, whether
a sweep may vary it, what it needs to have an effect, where it is written. Nothing else lists names of fields.
"""

import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from retrain.addresses import is_address
from retrain.errors import InputError
from retrain.extensions import named, unknown_name
from retrain.names_elsewhere import meant_by

PERCENT = {"low": 0.0, "below": 100.0}
COUNT = {"low": 1, "high": 10**9}
TRAINING_VERBS = ("train", "sweep")
DATA_VERBS = (*TRAINING_VERBS, "evaluate")
ALL_VERBS = (*DATA_VERBS, "predict", "inspect")
MODULE_VERBS = (*TRAINING_VERBS, "inspect")

TAKES = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
TRUTHS = {
    **dict.fromkeys(("true", "t", "1", "yes", "y"), True),
    **dict.fromkeys(("false", "f", "0", "no", "n"), False),
}
# Values of a path that name none: "none", and handles such as builtin: or https://...
NO_PATH = re.compile(r"none$|[A-Za-z0-9_]{2,}:")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
TO_REACH_IT = "mount what it leads to, as gcsfuse and mount-s3 do, or copy it to a disk"


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
    """What is known of a field.

    Attributes:
      help: advice, in full sentences.
      verbs: those that read it.
      bounds, choices: what values are allowed.
      table: "package.module:TABLE" of an extension point whose rows are the choices; what one is called.
      parse: from the text and the flag as written to the value, where the type alone does not say it.
      sweep: whether a sweep may vary it.
      path: whether it may begin with ~, and is written absolute where a run is recorded.
      remote: whether an address may stand for the path, such as https://...
      gfile: the verbs for which an address may that TensorFlow reads, see `retrain.addresses`.
      repeated: whether its flag is given once for each element of a tuple.
      required: what to give, for each verb that cannot do without.
      needs: what it needs to have an effect, a `retrain.settings.needs.Need`.
      recorded: whether it stands in run.flags; where results go does not, for a run may be repeated anywhere.
      decides: whether it changes what is trained; what does not may differ between workers of a study.
      lengthens: whether more of it trains a finished run on.
      later: of a setting of all training: whether training on images takes it instead of the head it
        begins with, which then goes by the defaults.
    """

    help: str
    verbs: tuple[str, ...] = TRAINING_VERBS
    bounds: Bounds | None = None
    choices: tuple[str, ...] = ()
    table: tuple[str, str] | None = None
    parse: Callable[[str, str], Any] | None = None
    sweep: bool = False
    path: bool = False
    remote: bool = False
    gfile: tuple[str, ...] = ()
    repeated: bool = False
    required: Mapping[str, str] = dataclasses.field(default_factory=dict)
    needs: Any = None
    recorded: bool = True
    decides: bool = True
    lengthens: bool = False
    later: bool = False


def setting(default: Any, help: str, **known: Any) -> Any:
    """A field of a section; `known` is what `Setting` and `Bounds` have."""
    bounds = {name: known.pop(name) for name in ("low", "high", "above", "below") if name in known}
    about = Setting(help, bounds=Bounds(**bounds) if bounds else None, **known)
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
    known = about(field)
    if not text and (known.parse or kind(field) is str):
        raise InputError(f"{flag} needs a value, but was given an empty one: leave it out or name one.")
    if known.parse:
        return known.parse(text, flag)
    if known.path:
        return os.path.expanduser(text)
    try:
        value = TRUTHS[text.lower()] if kind(field) is bool else kind(field)(text)
        if isinstance(value, str) or math.isfinite(value):
            return value
    except (ValueError, OverflowError, KeyError):
        pass
    raise InputError(f"{flag} takes {TAKES[kind(field)]}, but was given {text!r}.")


def as_text(value: Any) -> str:
    """A value as a flag takes it: true or false, not capitalized; a tuple with commas between."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, re.Pattern):
        return value.pattern
    return ",".join(map(as_text, value)) if type(value) is tuple else str(value)


def absolute(field: dataclasses.Field, value: Any) -> Any:
    """The value, from any directory."""
    is_path = about(field).path and not NO_PATH.match(value)
    return os.path.abspath(value) if is_path else value


def complaint(field: dataclasses.Field, value: Any, verb: str, given: bool) -> str | None:
    """What is wrong with `value` when `verb` is to be run, or None; `given` when the user set it."""
    known = about(field)
    if given and verb not in known.verbs:
        *first, last = known.verbs
        readers = f"{', '.join(first)} and {last}" if first else last
        return f"--{field.name}={as_text(value)} is not read by {verb}: it applies to {readers}."
    if value is not None and (unfit := _unfit(as_text(value))):
        return f"--{field.name}={as_text(value)!r} has {unfit}: mend it, or give another."
    if known.path and not known.remote and ADDRESS.match(value or ""):
        if verb in known.gfile and is_address(value):
            return None
        expected = f"a path on this machine{', or at gs://,' if verb in known.gfile else ''} was expected"
        return f"--{field.name}={value!r} is an address, but {expected}: {TO_REACH_IT}."
    if verb in known.required and value == field.default and not given:
        return f"{verb} needs --{field.name}: {known.required[verb]}."
    if value is not None and known.bounds and not known.bounds.hold(value):
        return f"--{field.name}={value} is out of range: it must be {known.bounds}."
    if value is not None and known.choices and value not in known.choices:
        return unknown_name(value, known.choices, f"value of --{field.name}")
    return _not_in_table(known, value)


def _unfit(text: str) -> str | None:
    """What is in a text that no flag file can hold, by which a run is repeated."""
    if "\0" in text:
        return "a NUL character in it, which no name has"
    if re.search(r"[\r\n]", text):
        return "a line break in it, which a flag file cannot hold"
    if text != text.rstrip():
        return "a blank at its end, which a flag file cannot hold"
    if text != text.encode("utf-8", "replace").decode():
        return "bytes in it that are no text in UTF-8"
    return None


def choices_of(known: Setting) -> tuple[str, ...]:
    """The choices, or the names of the rows of the table that has them."""
    return known.choices if known.table is None else tuple(named(known.table[0]))


def _not_in_table(known: Setting, value: Any) -> str | None:
    names = choices_of(known) if known.table else ()
    for one in value if isinstance(value, tuple) else (value,):
        if names and one is not None and one not in names:
            return unknown_name(one, names, known.table[1], meant_by(one, names))
    return None
