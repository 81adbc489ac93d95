"""Interleaved rounds: on a shared machine the same code varies twofold between minutes, but hardly within one round."""

import statistics
import time
from collections.abc import Callable, Mapping


def seconds(variants: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, list[float]]:
    """Runs every variant once in each round, after one round to warm up; the seconds of each, by round."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            if number:
                taken[name].append(time.perf_counter() - start)
    return taken


def print_ratios(taken: Mapping[str, list[float]], reference: str) -> None:
    """One line a variant: median seconds, and how many times faster than the reference (median and best rounds)."""
    for name, values in taken.items():
        ratios = [base / value for base, value in zip(taken[reference], values, strict=True)]
        best = min(taken[reference]) / min(values)
        print(
            f"{name:48} {statistics.median(values):9.4f} s   {statistics.median(ratios):6.2f} x   best {best:6.2f} x"
        )
