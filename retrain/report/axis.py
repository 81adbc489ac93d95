"""An axis of a plot: where a value lies, in pixels, and what is written beside it."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

STEPS = (1.0, 2.0, 5.0, 10.0)
MARGIN = 0.04  # of the axis, beyond the outermost values


class Axis(NamedTuple):
    """From `start` to `end` in pixels: numbers from `low` to `high`, or `names` at equal distances."""

    start: float = 0.0
    end: float = 1.0
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    names: tuple[Any, ...] = ()

    def at(self, value: Any) -> float:
        """Where the value lies."""
        if self.names:
            share = (self.names.index(value) + 0.5) / len(self.names)
        elif self.high == self.low:
            share = 0.5
        else:
            low, high, there = (_scaled(number, self.log) for number in (self.low, self.high, value))
            share = MARGIN + (1.0 - 2.0 * MARGIN) * (there - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 6) -> list[tuple[float, Any]]:
        """Positions and values that are worth a label, about `most` of them."""
        values = self.names or (_powers(self.low, self.high, most) if self.log else ())
        if len(values) < 2:
            values = _round_numbers(self.low, self.high, most)
        return [(self.at(value), value) for value in values]

    def between(self, start: float, end: float) -> "Axis":
        """The same axis elsewhere."""
        return self._replace(start=start, end=end)


def number_axis(values: Sequence[float], log: bool = False) -> Axis:
    """An axis for all of these."""
    return Axis(low=min(values), high=max(values), log=log)


def _scaled(value: float, log: bool) -> float:
    return math.log10(value) if log else value


def _powers(low: float, high: float, most: int) -> tuple[float, ...]:
    exponents = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    step = max(1, math.ceil(len(exponents) / most))
    return tuple(10.0**exponent for exponent in exponents[::step])


def _round_numbers(low: float, high: float, most: int) -> tuple[float, ...]:
    if high <= low:
        return (low,)
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))
