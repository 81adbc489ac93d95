"""What a flag may be in a sweep: all numbers of a range, or the values of a list.

Nothing heavy is imported here, for the check of a sweep asks what can be counted.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from retrain.settings.field import as_text

DIGITS = 4  # of a number drawn from a range: more would tell nothing


@dataclasses.dataclass(frozen=True)
class Range:
    """All numbers from low to high, both included; whole ones where the ends are."""

    low: float
    high: float
    log: bool

    def __str__(self) -> str:
        return f"{'log' if self.log else 'lin'}:{self.low!r}..{self.high!r}"

    @property
    def samples(self) -> tuple[float, ...]:
        """Values by which a check knows what the flag may be: the ends."""
        return self.low, self.high

    @property
    def counted(self) -> Sequence[int] | None:
        """All values, to step through; None where they cannot be counted."""
        return range(self.low, self.high + 1) if isinstance(self.low, int) else None

    def at(self, share: float) -> float:
        """The number at a share from 0 to 1 of the way, rounded."""
        if self.log:
            value = math.exp((1.0 - share) * math.log(self.low) + share * math.log(self.high))
        else:
            value = self.low + share * (self.high - self.low)
        return self.rounded(value)

    def rounded(self, value: float) -> float:
        """As a trial is trained with it: few digits, or a whole number; never outside."""
        near = round(value) if isinstance(self.low, int) else float(f"{value:.{DIGITS}g}")
        return min(max(near, self.low), self.high)

    def stored(self, value: float) -> float:
        """As a study keeps it."""
        return value

    def restored(self, value: float) -> float:
        """As a trial is trained with it."""
        return self.rounded(value)


@dataclasses.dataclass(frozen=True)
class Choices:
    """These values and no others."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return ";".join(map(as_text, self.values))

    @property
    def samples(self) -> tuple[Any, ...]:
        """Values by which a check knows what the flag may be: all of them."""
        return self.values

    @property
    def counted(self) -> Sequence[Any]:
        """All values, to step through."""
        return self.values

    def at(self, share: float) -> Any:
        """The value at a share from 0 to 1 of the way."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def stored(self, value: Any) -> Any:
        """As a study keeps it: what JSON has no type for, as text."""
        return value if value is None or isinstance(value, bool | int | float | str) else as_text(value)

    def restored(self, value: Any) -> Any:
        """As a trial is trained with it."""
        return next(one for one in self.values if self.stored(one) == value)
