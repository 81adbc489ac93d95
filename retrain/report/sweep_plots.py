"""The plots of a sweep, as SVG: every mark carries its trial, so that the page can show one in all of them.

Deep blue is good and pale is not; a strong mark is tied with the best, the orange one is chosen.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from retrain.report.axis import Axis, number_axis
from retrain.report.sweep_table import FINISHED, TrialRow, as_figure, short, short_names

WIDTH = 960
PALE, DEEP, CHOSEN = (184, 199, 224), (23, 62, 150), (226, 88, 12)
LETTER, LINE = 7.0, 13.0  # pixels, of a label


def best_so_far(rows: Sequence[TrialRow], chosen: int, objective: str, higher: bool) -> str:
    """Each trial by its number, and the best of those trained to their end that was known by then."""
    height, done = 240, sorted((row for row in rows if row.value is not None), key=lambda row: row.number)
    across = number_axis([0, max(1, *(row.number for row in rows))]).between(64, WIDTH - 16)
    up = number_axis([row.value for row in done]).between(height - 34, 14)
    whole = [row for row in done if row.status == FINISHED]
    steps, best = [], whole[0].value
    for row in whole:
        best = max(best, row.value) if higher else min(best, row.value)
        steps.append(f"{'H' if steps else f'M{across.at(row.number)} {up.at(best)}'}")
        steps[-1] += f"{across.at(row.number)}V{up.at(best)}" if len(steps) > 1 else ""
    line = f'<path class="best" d="{"".join(steps)}H{WIDTH - 16}"/>'
    marks = _marks(done, chosen, lambda row: (across.at(row.number), up.at(row.value)), higher)
    lost = "".join(
        f'<text class="lost" x="{across.at(row.number)}" y="{height - 36}">×{_title(row)}</text>'
        for row in rows
        if row.value is None
    )
    grid = _across(up, 64, WIDTH - 16, objective) + _below(across, height - 18, height - 2, "trial")
    return _svg(WIDTH, height, grid + line + lost + marks)


def against(
    rows: Sequence[TrialRow], chosen: int, name: str, axis: Axis, objective: str, higher: bool
) -> str:
    """The objective by one flag."""
    width, height = 470, 250
    done = [row for row in rows if row.value is not None]
    across = axis.between(64, width - 14)
    up = number_axis([row.value for row in done]).between(height - 54, 14)

    def place(row: TrialRow) -> tuple[float, float]:
        return across.at(row.flags[name]) + _aside(row, across), up.at(row.value)

    grid = _across(up, 64, width - 14, objective) + _below(across, height - 36, height - 6, name)
    return _svg(width, height, grid + _means(done, name, across, up) + _marks(done, chosen, place, higher))


def parallel(
    rows: Sequence[TrialRow], chosen: int, axes: Mapping[str, Axis], objective: str, higher: bool
) -> str:
    """Every trial as a line over all flags, to its objective at the right."""
    height, left, right = 340, 70, 90
    done = [row for row in rows if row.value is not None]
    places = [left + (WIDTH - left - right) * index / len(axes) for index in range(len(axes) + 1)]
    upright = {name: axis.between(height - 24, 44) for name, axis in axes.items()}
    last = number_axis([row.value for row in done]).between(height - 24, 44)
    lines = []
    for row, colour in zip(reversed(done), reversed(_colours(done, chosen, higher)), strict=True):
        heights = [axis.at(row.flags[name]) + _aside(row, axis) for name, axis in upright.items()]
        heights.append(last.at(row.value))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
        kind = _kind(row, chosen)
        lines.append(
            f'<polyline class="trial {kind}" data-trial="{row.number}" stroke="{colour}" points="{points}">'
            f"{_title(row)}</polyline>"
        )
    columns = zip(places, [*upright.items(), (objective, last)], strict=True)
    return _svg(WIDTH, height, "".join(lines) + "".join(_column(x, n, axis) for x, (n, axis) in columns))


def bars(shares: Mapping[str, float]) -> str:
    """A bar for each flag, as long as its share."""
    left, height = 190, 30 * len(shares) + 8
    rows = []
    for index, (name, share) in enumerate(sorted(shares.items(), key=lambda item: -item[1])):
        y = 30 * index + 6
        length = max(1.5, (WIDTH - left - 80) * share)
        rows.append(
            f'<text class="end" x="{left - 10}" y="{y + 15}">{escape(name)}</text>'
            f'<rect class="bar" x="{left}" y="{y}" width="{length:.1f}" height="20" rx="3"/>'
            f'<text x="{left + length + 8:.1f}" y="{y + 15}">{share:.0%}</text>'
        )
    return _svg(WIDTH, height, "".join(rows))


def _svg(width: int, height: int, body: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img">{body}</svg>'


def _marks(rows: Sequence[TrialRow], chosen: int, place: Any, higher: bool) -> str:
    marks = []
    for row, colour in zip(reversed(rows), reversed(_colours(rows, chosen, higher)), strict=True):
        x, y = place(row)
        kind = _kind(row, chosen)
        radius = {"chosen": 7, "tied": 4.5}.get(kind, 3.5)
        mark = f'<circle class="trial {kind}" data-trial="{row.number}" fill="{colour}" '
        marks.append((kind == "chosen", f'{mark}cx="{x:.1f}" cy="{y}" r="{radius}">{_title(row)}</circle>'))
    return "".join(mark for _, mark in sorted(marks, key=lambda pair: pair[0]))


def _aside(row: TrialRow, axis: Axis) -> float:
    """Trials of the same name would lie on each other."""
    if not axis.names:
        return 0.0
    return (row.number * 7 % 11 - 5) * 0.05 * (axis.end - axis.start) / len(axis.names)


def _kind(row: TrialRow, chosen: int) -> str:
    return "chosen" if row.number == chosen else "tied" if row.tied else "other"


def _colours(rows: Sequence[TrialRow], chosen: int, higher: bool) -> list[str]:
    """By the place of each trial among the values, best first as rows come in their rank elsewhere."""
    values = sorted({row.value for row in rows}, reverse=not higher)
    ranks = {value: index / max(1, len(values) - 1) for index, value in enumerate(values)}
    return [_mixed(ranks[row.value]) if row.number != chosen else _rgb(CHOSEN) for row in rows]


def _mixed(share: float) -> str:
    return _rgb(tuple(round(a + share * (b - a)) for a, b in zip(PALE, DEEP, strict=True)))


def _rgb(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _title(row: TrialRow) -> str:
    values = "\n".join(f"{name} {short(value)}" for name, value in row.flags.items())
    result = row.reason if row.value is None else as_figure(row.value)
    return f"<title>{escape(f'trial {row.number}: {result}')}\n{escape(values)}</title>"


def _across(axis: Axis, left: float, right: float, label: str) -> str:
    """Lines across the plot, with their values at the left."""
    lines = "".join(
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
        f'<text class="end" x="{left - 8}" y="{y + 4}">{short(value)}</text>'
        for y, value in axis.ticks(5)
    )
    middle = (axis.start + axis.end) / 2
    return (
        lines + f'<text class="label" transform="translate(12 {middle}) rotate(-90)">{escape(label)}</text>'
    )


def _below(axis: Axis, y: float, label_y: float, label: str) -> str:
    """Values below the plot, and what they are of."""
    ticks = axis.ticks()
    room = abs(axis.end - axis.start) / max(1, len(ticks))
    names = short_names(value for _, value in ticks)
    texts = "".join(_text("middle", x, y, names[value], room) for x, value in ticks)
    middle = (axis.start + axis.end) / 2
    return texts + f'<text class="label" x="{middle}" y="{label_y}">{escape(label)}</text>'


def _text(kind: str, x: float, y: float, text: str, room: float) -> str:
    """A line for each folder of a path, no wider than there is room."""
    most = max(4, int(room / LETTER))
    lines = [line if len(line) <= most else "…" + line[-(most - 1) :] for line in text.split("/")]
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{y + LINE * index:.1f}">{escape(line)}</tspan>'
        for index, line in enumerate(lines)
    )
    return f'<text class="{kind}">{spans}</text>'


def _means(rows: Sequence[TrialRow], name: str, across: Axis, up: Axis) -> str:
    """For a list of values, a bar at the mean of each."""
    half = 0.32 * (across.end - across.start) / max(1, len(across.names))
    lines = []
    for value in across.names:
        values = [row.value for row in rows if row.flags[name] == value]
        if values:
            x, y = across.at(value), up.at(sum(values) / len(values))
            lines.append(f'<line class="mean" x1="{x - half:.1f}" x2="{x + half:.1f}" y1="{y}" y2="{y}"/>')
    return "".join(lines)


def _column(x: float, name: str, axis: Axis) -> str:
    """An upright axis of the parallel coordinates."""
    names = short_names(value for _, value in axis.ticks())
    ticks = "".join(_text("halo", x + 6, y + 4, names[value], 150) for y, value in axis.ticks())
    title = f'<text class="name" x="{x:.1f}" y="22">{escape(name)}</text>'
    return f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{axis.start}" y2="{axis.end}"/>{ticks}{title}'
