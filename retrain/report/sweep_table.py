"""The trials of a sweep as tables: sweep.csv for programs, the ten best for people."""

import itertools
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from retrain.report.predictions_table import write_table
from retrain.settings.field import as_text

FINISHED, STOPPED, FAILED = "finished", "stopped early", "failed"
SHOWN = 10
DIGITS = 4
FOLDERS = 2


class TrialRow(NamedTuple):
    """A finished trial, in its rank.

    Attributes:
      number: which of the trials it is, from 0, whether a worker died over it or not.
      status: FINISHED, STOPPED or FAILED.
      flags: what the flags that vary were.
      value, interval: the objective and its 95 % interval, where they are known.
      figures: all numbers that the validation images gave.
      tied: whether chance alone may tell it from the best.
    """

    number: int
    status: str
    flags: Mapping[str, Any]
    value: float | None
    interval: tuple[float, float] | None
    figures: Mapping[str, float]
    seconds: float
    tied: bool
    reason: str = ""

    def kind(self, chosen: int | None) -> str:
        """What it is beside the one that is chosen."""
        return "chosen" if self.number == chosen else "tied" if self.tied else "other"


def write_sweep_table(path: str, rows: Sequence[TrialRow]) -> None:
    """One line a trial, in the order of their numbers."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [
        {
            "trial": row.number,
            "status": row.status,
            **{name: as_text(value) for name, value in row.flags.items()},
            **{name: row.figures.get(name) for name in names},
            "tied_with_best": row.tied,
            "seconds": round(row.seconds, 3),
            "reason": row.reason,
        }
        for row in sorted(rows, key=lambda row: row.number)
    ]
    write_table(path, pd.DataFrame(lines))


def best_table(rows: Sequence[TrialRow], objective: str, chosen: int) -> list[str]:
    """The ten best and the chosen one: what was tried, what it gave, whether that is more than chance."""
    names = list(rows[0].flags)
    texts = {name: short_names(row.flags[name] for row in rows) for name in names}
    header = ["", "trial", objective, "95 % interval", *names, ""]
    body = [header]
    shown = [(place, row) for place, row in enumerate(rows, 1) if place <= SHOWN or row.number == chosen]
    for place, row in shown:
        interval = " to ".join(as_figure(end, objective) for end in row.interval or ())
        flags = [texts[name][row.flags[name]] for name in names]
        figures = [as_figure(row.value, objective), interval]
        body.append([str(place), str(row.number), *figures, *flags, note(row, chosen)])
    widths = [max(map(len, column)) for column in zip(*body, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in body
    ]


def sweep_summary(rows: Sequence[TrialRow], chosen: int, objective: str, run: str) -> str:
    """What `sweep` prints before the lines of the winner's own run."""
    known = [row for row in rows if row.value is not None]
    failed, ties = len(rows) - len(known), sum(row.tied for row in rows)
    stopped = sum(row.status == STOPPED for row in rows)
    lines = ["", *best_table(known, objective, chosen), ""]
    lines.append(
        f"{len(known)} trials"
        + (f", {stopped} of them stopped early" if stopped else "")
        + (f", and {failed} that failed" if failed else "")
        + f": {ties} are no worse than "
        f"the best by more than chance, on the same images."
    )
    lines.append(f"All of them: {os.path.join(run, 'sweep.html')}, {os.path.join(run, 'sweep.csv')}")
    again = shlex.quote(os.path.join(run, "best.flags"))
    lines.append(f"The winner, trial {chosen}, again: python -m retrain --flagfile={again}")
    return "\n".join(lines)


def note(row: TrialRow, chosen: int) -> str:
    """What is to be said of a trial beside its figures."""
    kind = row.kind(chosen)
    if kind != "other":
        return kind
    return row.reason or ("" if row.status == FINISHED else row.status)


def short(value: Any) -> str:
    """A value of a flag, in few digits."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else as_text(value)


def short_names(values: Iterable[Any]) -> dict[Any, str]:
    """Each value as it fits a column: of paths, the last two folders, without those that all have."""
    names = {value: short(value) for value in values}
    parts = {value: text.rstrip("/").split("/") for value, text in names.items() if "/" in text}
    tail = _common([of[::-1] for of in parts.values()])
    parts = {value: of[: len(of) - tail][-FOLDERS:] for value, of in parts.items()}
    head = _common(list(parts.values()))
    ends = {value: "/".join(of[head:]) for value, of in parts.items()}
    distinct = len(set(ends.values())) == len(ends) and all(ends.values())
    return names | (ends if distinct else {})


def _common(lists: Sequence[Sequence[str]]) -> int:
    """At how many places, from the first on, all of several are the same."""
    same = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*lists, strict=False))
    return len(list(same)) if len(lists) > 1 else 0


def as_figure(value: float | None, name: str) -> str:
    """In words, a figure of that name: KEY, or validation/KEY; "" where there is none."""
    if value is None:
        return ""
    return f"{value:.1%}" if is_in_percent(name) else f"{value:.{DIGITS}f}"


def is_in_percent(name: str) -> bool:
    """Whether a figure of that name is an accuracy, which is in percent wherever it is told."""
    return name.removeprefix("validation/").partition("/")[0].endswith("accuracy")
