"""Successive halving (Jamieson & Talwalkar 2016): trials that lag behind are given up on the way.

The trials of a call are compared with each other at the same shares of their steps. Those that go on are
trained as if nothing had been given up: a survivor is the same head with halving and without.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Halving(NamedTuple):
    """After each of these shares of the steps, this share of the trials goes on."""

    after: tuple[float, ...] = (0.25, 0.5)
    share: float = 0.5

    def survivors(self, losses: Mapping[int, float]) -> list[int]:
        """The trials of the lowest losses, one at least; those that diverged are given up first."""
        finite = {number: loss if math.isfinite(loss) else math.inf for number, loss in losses.items()}
        ranked = sorted(losses, key=finite.get)
        chosen = set(ranked[: max(1, math.ceil(self.share * len(ranked)))])
        return [number for number in losses if number in chosen]
