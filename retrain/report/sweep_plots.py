"""The plots of a sweep, as SVG: every mark carries its trial, so that the page can show one in all of them.

Strong blue is good and faint is not, on light and dark ground; a larger mark is tied with the best, the
orange one is chosen.
"""

import functools
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from retrain.report.svg import CHOSEN, DEEP, INK, PAPER, WRONG, plot
from retrain.report.sweep_table import FINISHED, TrialRow, as_figure, is_in_percent, short, short_names

SOFT = "#8b9ecb"
FAINT = 0.3  # how opaque the worst is
WIDE, HALF = 9.6, 4.7  # inches
AREAS = {"chosen": 9.0, "tied": 6.0, "other": 5.0}  # points across
LINES = {"chosen": 3.0, "tied": 1.6, "other": 0.8}  # points


class Scale(NamedTuple):
    """Where the values of a flag lie: numbers from `low` to `high`, or `names` at equal distances.

    `percent`: whether numbers are written so.
    """

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    names: tuple[Any, ...] = ()
    percent: bool = False

    def at(self, value: Any) -> float:
        """From 0 to 1."""
        if self.names:
            return (self.names.index(value) + 0.5) / len(self.names)
        places = self.low, self.high, value
        low, high, there = np.log10(places) if self.log else places
        return 0.5 if low == high else (there - low) / (high - low)

    def ticks(self, room: int = 30) -> dict[float, str]:
        """What is written where: a line for each folder of a path, of `room` characters at most."""
        values: Iterable[Any] = self.names
        if not values:
            decades = self.log and self.high >= 10 * self.low
            locator = LogLocator() if decades else MaxNLocator(5, steps=[1, 2, 5, 10])
            found = locator.tick_values(self.low, self.high)
            values = [float(value) for value in found if self.low <= value <= self.high] or [self.low]
        texts = {value: _percent(value) for value in values} if self.percent else short_names(values)
        return {self.at(value): _lines(text, room) for value, text in texts.items()}


class Trials(NamedTuple):
    """What all plots show.

    Attributes:
      rows: the trials in their rank.
      chosen: the number of the one that is chosen.
      scales: one for each flag that varied.
      objective: by which they are ranked.
    """

    rows: Sequence[TrialRow]
    chosen: int
    scales: Mapping[str, Scale]
    objective: str
    higher_is_better: bool

    @property
    def known(self) -> list[TrialRow]:
        """Those that have a value, the chosen one last, and so above all others where they are drawn."""
        known = [row for row in reversed(self.rows) if row.value is not None]
        return sorted(known, key=lambda row: row.number == self.chosen)

    def looks(self, row: TrialRow) -> dict[str, Any]:
        """By the rank of its value among all; and the name by which its mark is found again."""
        values = sorted({other.value for other in self.known}, reverse=self.higher_is_better)
        rank = values.index(row.value) / max(1, len(values) - 1)
        is_chosen = row.number == self.chosen
        colour, alpha = (CHOSEN, 1.0) if is_chosen else (DEEP, 1 - (1 - FAINT) * rank)
        return {"color": colour, "gid": f"trial-{row.number}", "alpha": alpha}


def _of_trials(draw: Callable[..., None]) -> Callable[..., str]:
    """As `plot`, of trials, each of whose marks carries its trial and what is said of it."""
    drawn = plot(draw)

    @functools.wraps(draw)
    def with_trials(trials: Trials, *arguments: object) -> str:
        begun = {str(row.number): _begun(row, trials) for row in trials.rows}
        return re.sub(r'<g id="trial-(\d+)">', lambda found: begun[found[1]], drawn(trials, *arguments))

    return with_trials


@_of_trials
def best_so_far(figure: Figure, trials: Trials) -> None:
    """Each trial by its number, and the best of those trained to their end that was known by then."""
    axes = _axes(figure, WIDE, 2.6, "trial", trials.objective)
    _write_figures(axes, trials)
    done = sorted((row for row in trials.known if row.status == FINISHED), key=lambda row: row.number)
    best = np.maximum if trials.higher_is_better else np.minimum
    end = max(row.number for row in trials.rows)
    values = best.accumulate([row.value for row in done])
    axes.step([*(row.number for row in done), end], [*values, values[-1]], where="post", color=SOFT)
    for row in trials.known:
        _mark(axes, trials, row, row.number)
    for row in trials.rows:
        if row.value is None:
            at_the_foot = {"transform": axes.get_xaxis_transform(), "gid": f"trial-{row.number}"}
            axes.plot(row.number, 0.02, "x", color=WRONG, **at_the_foot)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))


@_of_trials
def against(figure: Figure, trials: Trials, name: str) -> None:
    """The objective by one flag; for a list of values, a bar at the mean of each."""
    axes = _axes(figure, HALF, 2.6, name, trials.objective)
    _write_figures(axes, trials)
    scale = trials.scales[name]
    for value in scale.names:
        of_value = [row.value for row in trials.known if row.flags[name] == value]
        if of_value:
            axes.plot(scale.at(value), np.mean(of_value), "_", markersize=160 / len(scale.names), color=INK)
    for row in trials.known:
        _mark(axes, trials, row, scale.at(row.flags[name]) + _aside(row, scale))
    ticks = scale.ticks(48 // max(2, len(scale.names)))
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(-0.04, 1.04)


@_of_trials
def parallel(figure: Figure, trials: Trials) -> None:
    """Every trial as a line over all flags, to its objective at the right."""
    axes = _axes(figure, WIDE, 3.6)
    values = [row.value for row in trials.known]
    last = Scale(min(values), max(values), percent=is_in_percent(trials.objective))
    scales = {**trials.scales, trials.objective: last}
    for row in trials.known:
        flags = {**row.flags, trials.objective: row.value}
        heights = [scale.at(flags[name]) + _aside(row, scale) for name, scale in scales.items()]
        axes.plot(heights, linewidth=LINES[row.kind(trials.chosen)], **trials.looks(row))
    halo = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 1}
    for place, scale in enumerate(scales.values()):
        axes.axvline(place, color=INK, linewidth=0.8, zorder=3)
        for height, text in scale.ticks().items():
            axes.text(place + 0.02, height, text, va="center", bbox=halo, zorder=3)
    axes.set_xticks(range(len(scales)), list(scales), weight="bold")
    axes.xaxis.tick_top()
    axes.set(yticks=[], xlim=(-0.1, len(scales) - 0.75), ylim=(-0.04, 1.04))


@plot
def bars(figure: Figure, shares: Mapping[str, float]) -> None:
    """A bar for each flag, as long as its share."""
    axes = _axes(figure, WIDE, 0.5 + 0.3 * len(shares))
    rising = dict(sorted(shares.items(), key=lambda item: item[1]))
    axes.bar_label(axes.barh(list(rising), list(rising.values()), color=DEEP), fmt="{:.0%}", padding=4)
    axes.set_xticks([])
    axes.grid(False)


def _axes(figure: Figure, width: float, height: float, below: str = "", beside: str = "") -> Any:
    figure.set_size_inches(width, height)
    axes = figure.subplots()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set(xlabel=below, ylabel=beside)
    axes.grid(axis="y", alpha=0.2)
    axes.set_axisbelow(True)
    return axes


def _write_figures(axes: Any, trials: Trials) -> None:
    """The objective at the left in percent, where it is in words."""
    if is_in_percent(trials.objective):
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))


def _percent(value: float, _: int = 0) -> str:
    return f"{100 * value:.4g}%"


def _mark(axes: Any, trials: Trials, row: TrialRow, across: float) -> None:
    size = AREAS[row.kind(trials.chosen)]
    axes.plot(across, row.value, "o", markersize=size, markeredgecolor=PAPER, **trials.looks(row))


def _lines(text: str, room: int) -> str:
    return "\n".join(line if len(line) <= room else "…" + line[1 - room :] for line in text.split("/"))


def _aside(row: TrialRow, scale: Scale) -> float:
    """Trials of the same name would lie on each other."""
    return (row.number * 7 % 11 - 5) * 0.05 / len(scale.names) if scale.names else 0.0


def _begun(row: TrialRow, trials: Trials) -> str:
    result = row.reason if row.value is None else as_figure(row.value, trials.objective)
    flags = (f"{name} {short(value)}" for name, value in row.flags.items())
    title = html.escape("\n".join([f"trial {row.number}: {result}", *flags]))
    return f'<g class="trial {row.kind(trials.chosen)}" data-trial="{row.number}"><title>{title}</title>'
