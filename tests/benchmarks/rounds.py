"""Interleaved rounds: on a shared machine the same code varies twofold between minutes, hardly within one."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Taken(NamedTuple):
    """Seconds by the clock, and of processor time over all threads, which is the steadier of the two."""

    wall: float
    cpu: float


def seconds(variants: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, list[Taken]]:
    """Runs every variant once in each round, after one round to warm up; what each took, by round."""
    taken: dict[str, list[Taken]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, run in variants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if number:
                taken[name].append(Taken(time.perf_counter() - wall, time.process_time() - cpu))
    return taken


def print_ratios(taken: Mapping[str, list[Taken]], reference: str) -> None:
    """One line a variant: median seconds, and how many times faster than the reference: median, best, CPU."""
    for name, values in taken.items():
        ratios = [base.wall / value.wall for base, value in zip(taken[reference], values, strict=True)]
        best = min(base.wall for base in taken[reference]) / min(value.wall for value in values)
        cpu = min(base.cpu for base in taken[reference]) / min(value.cpu for value in values)
        wall = statistics.median(value.wall for value in values)
        print(
            f"{name:48} {wall:8.3f} s  {statistics.median(ratios):6.2f} x  best {best:.2f} x  cpu {cpu:.2f} x"
        )
