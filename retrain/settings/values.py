"""Values that a flag gives as text and a stage takes as a type; parsed once, and printed as they were typed.

A parser takes the text and the flag as it was written ("--eval_every"), for its sentence.
"""

import math
import re
from decimal import Decimal
from typing import Any, NamedTuple

from PIL import ImageColor

from retrain.errors import InputError

STEPS, SHARE, SECONDS = "", "%", "s"
UNITS = {SHARE: "a percentage of them", SECONDS: "seconds"}
SEPARATOR_WORDS = {"space": " ", "tab": "\t"}  # a flagfile keeps no blank at the end of a line
EXAMPLES = {SHARE: "200 or 10%", SECONDS: "200 or 30s"}


class Quantity(NamedTuple):
    """A number of steps, a share of all steps in percent, or a time in seconds, as `unit` says."""

    number: float
    unit: str = STEPS

    @property
    def steps(self) -> int | None:
        """The number of steps, where it is one."""
        return int(self.number) if self.unit == STEPS else None

    @property
    def seconds(self) -> float | None:
        """The seconds, where it is a time."""
        return self.number if self.unit == SECONDS else None

    def of(self, steps: int) -> int:
        """The steps that it is of so many."""
        return round(self.number * steps / 100) if self.unit == SHARE else int(self.number)

    def __str__(self) -> str:
        # Every digit, and no exponent: a parser reads neither 1e-05s nor 200.0.
        return f"{Decimal(repr(self.number)).normalize():f}{self.unit}"


class OfTask(NamedTuple):
    """What is said of one task, as TASK:VALUE."""

    task: str
    value: Any

    def __str__(self) -> str:
        return f"{self.task}:{self.value}"


def steps_or_share(text: str, flag: str) -> Quantity:
    """200, or 10%."""
    return _quantity(text, flag, SHARE)


def steps_or_seconds(text: str, flag: str) -> Quantity:
    """200, or 30s; above 0."""
    quantity = _quantity(text, flag, SECONDS)
    if not quantity.number:
        raise InputError(f"{flag}={text!r} is out of range: it must be above 0.")
    return quantity


def _quantity(text: str, flag: str, unit: str) -> Quantity:
    match = re.fullmatch(rf"(\d+)|(\d+(?:\.\d+)?){unit}", text.strip())
    number = float(match[1] or match[2]) if match else math.nan
    if not math.isfinite(number):
        raise InputError(
            f"{flag}={text!r} was expected to be a number of steps, or {UNITS[unit]}: write, say, "
            f"{EXAMPLES[unit]}."
        )
    return Quantity(number, STEPS if match[1] else unit)


def two_steps(text: str, flag: str) -> tuple[int, int]:
    """100,110."""
    steps = [int(word) for word in text.split(",") if word.strip().isdecimal()]
    if len(steps) != 2 or text.count(",") != 1 or steps[0] >= steps[1]:
        raise InputError(f"{flag}={text!r} must be two steps, the earlier first, such as 100,110.")
    return steps[0], steps[1]


def pixel_range(text: str, flag: str) -> tuple[float, float]:
    """-1,1."""
    try:
        numbers = tuple(map(float, text.split(",")))
    except ValueError:
        numbers = ()
    if len(numbers) != 2 or not numbers[0] < numbers[1] or not all(map(math.isfinite, numbers)):
        raise InputError(f"{flag}={text} is no range: it must be two numbers, the lower first, such as -1,1.")
    return numbers[0], numbers[1]


def per_channel(text: str, flag: str) -> tuple[float, float, float]:
    """0.485,0.456,0.406."""
    try:
        red, green, blue = map(float, text.split(","))
    except ValueError:
        red = green = blue = math.nan
    if not all(map(math.isfinite, (red, green, blue))):
        raise InputError(
            f"{flag}={text} must be three numbers, for red, green and blue: such as 0.5,0.5,0.5."
        )
    return red, green, blue


def per_channel_above_0(text: str, flag: str) -> tuple[float, float, float]:
    """0.229,0.224,0.225."""
    numbers = per_channel(text, flag)
    if min(numbers) <= 0.0:
        raise InputError(f"{flag}={text} must be three numbers above 0, for red, green and blue.")
    return numbers


def pattern(text: str, flag: str) -> re.Pattern[str]:
    """A regular expression."""
    try:
        return re.compile(text)
    except (re.error, OverflowError) as error:
        raise InputError(
            f"{flag}={text!r} is no regular expression ({error}): put a backslash before a character that "
            f"is meant as it stands."
        ) from error


def task_kinds(text: str, flag: str) -> tuple[OfTask, ...]:
    """kind:softmax,tags:sigmoid; a task alone has the kind that its labels ask for, and the value ''."""
    parts = (part if ":" in part else f"{part}:" for part in text.split(","))
    return _by_task(",".join(parts), flag, "softmax", may_be_empty=True)


def task_weights(text: str, flag: str) -> tuple[OfTask, ...]:
    """kind:1,tags:0.5; numbers of 0 or more."""
    return tuple(OfTask(task, _weight(value, task, flag)) for task, value in _by_task(text, flag, "0.5"))


def separator(text: str, flag: str) -> str:
    """What it is without blanks around, which labels lose anyway; or for a blank its word."""
    return next((word for word, blank in SEPARATOR_WORDS.items() if text == blank), text.strip() or text)


def _by_task(text: str, flag: str, example: str, may_be_empty: bool = False) -> tuple[OfTask, ...]:
    found: dict[str, str] = {}
    for part in text.split(","):
        task, colon, value = (word.strip() for word in part.rpartition(":"))
        if not (task and colon and (value or may_be_empty)) or task in found:
            raise InputError(
                f"{flag}={text!r} was expected to name each task once, as TASK:VALUE with commas between, "
                f"but has {part!r}: write, say, {flag}=kind:{example}."
            )
        found[task] = value
    return tuple(OfTask(task, value) for task, value in found.items())


def _weight(text: str, task: str, flag: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise InputError(f"{flag} gives task {task!r} the weight {text!r}: give a number of 0 or more.")
    return weight


def names(text: str, flag: str) -> tuple[str, ...]:
    """Words with commas between, each once."""
    found = [word.strip() for word in text.split(",")]
    for position, name in enumerate(found):
        if not name or name in found[:position]:
            what = f"{name!r} twice" if name else "nothing between two commas"
            raise InputError(f"{flag}={text} names {what}: name each once, with commas between.")
    return tuple(found)


def colour(text: str, flag: str) -> str:
    """A name that Pillow knows, or #rrggbb: opaque, and without commas, of which lists of values are made."""
    try:
        if len(ImageColor.getrgb(text)) == 3 and "," not in text:
            return text.lower()
    except ValueError:
        pass
    raise InputError(f"{flag} takes a colour such as white, black or #808080, but was given {text!r}.")
