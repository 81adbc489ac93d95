"""Tells how far a long pass has come: a bar on a terminal or in a notebook, else a few log lines.

Where the log is to be silent about what goes well, there is neither, but of a download.
"""

import contextlib
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from absl import logging

with warnings.catch_warnings(action="ignore"):  # a notebook without ipywidgets has bars of text
    from tqdm.auto import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

Item = TypeVar("Item")
Advance = Callable[[int, str], None]

LINES = 10
SECONDS_BETWEEN_LINES = 2.0
MEGABYTE = 1e6


def _one(_: object) -> int:
    return 1


def progress(
    iterable: Iterable[Item], total: int, description: str, unit: str, size: Callable[[Item], int] = _one
) -> Iterator[Item]:
    """Passes the items on; `total` counts units (plural: "images"), of which an item holds `size(item)`."""
    report = _bar if _is_watched() else _lines
    return report(iterable, total, description, unit, size)


def _is_watched() -> bool:
    """Whether somebody sees bars, and wants to be told how things go."""
    return _shows_bars() and logging.get_verbosity() >= logging.INFO


def _shows_bars() -> bool:
    return sys.stderr.isatty() or _in_notebook()


def _in_notebook() -> bool:
    """Whether this is the process of a notebook, as tqdm.auto tells; its stderr is no terminal."""
    return "ipykernel.zmqshell" in sys.modules


def _bar(
    iterable: Iterable[Item], total: int, description: str, unit: str, size: Callable[[Item], int]
) -> Iterator[Item]:
    with tqdm(total=total, desc=description, unit=f" {unit}", file=sys.stderr, dynamic_ncols=True) as bar:
        for item in iterable:
            yield item
            bar.update(size(item))


def _lines(
    iterable: Iterable[Item], total: int, description: str, unit: str, size: Callable[[Item], int]
) -> Iterator[Item]:
    advance = _log_lines(total, description, unit)
    for item in iterable:
        yield item
        advance(size(item))


def _log_lines(total: float, description: str, unit: str) -> Callable[[float], None]:
    """A function that is told how much more is done, and logs so now and then."""
    start = last = time.monotonic()
    done, threshold = 0.0, total / LINES

    def advance(more: float) -> None:
        nonlocal done, last, threshold
        done += more
        now = time.monotonic()
        if threshold <= done < total and now - last >= SECONDS_BETWEEN_LINES:
            rate = done / (now - start)
            left = (total - done) / rate
            speed = f"{rate:.0f}" if rate >= 1 else f"{rate:.1g}"
            progress_so_far = (description, done, total, unit, speed, left)
            logging.info("%s: %d of %d %s, %s a second, %.0f s left", *progress_so_far)
            last, threshold = now, done + total / LINES

    return advance


@contextlib.contextmanager
def download_bar(total: int | None, description: str) -> Iterator[Callable[[int], None]]:
    """Yields a function that is told how many more bytes have come, of `total` where that is known."""
    if not _shows_bars():
        log = _log_lines((total or 0) / MEGABYTE, description, "MB")
        yield lambda count: log(count / MEGABYTE)
        return
    about = {"total": total, "desc": description, "unit": "B", "unit_scale": True}
    with tqdm(**about, file=sys.stderr, dynamic_ncols=True) as bar:
        yield bar.update


@contextlib.contextmanager
def step_bar(total: int, done: int, description: str) -> Iterator[Advance]:
    """Yields a function that tells how many more steps were taken, and how they went, to a bar on a terminal.

    Log lines written meanwhile stand above the bar; elsewhere there are only these.
    """
    on_terminal = sys.stderr.isatty()
    bar = tqdm(
        desc=description,
        total=total,
        initial=done,
        unit=" steps",
        file=sys.stderr,
        dynamic_ncols=True,
        disable=not _is_watched(),
    )

    def advance(steps: int, note: str) -> None:
        bar.set_postfix_str(note, refresh=False)
        bar.update(steps)

    with bar, logging_redirect_tqdm([logging.get_absl_logger()]) if on_terminal else contextlib.nullcontext():
        yield advance
