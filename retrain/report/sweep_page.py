"""sweep.html: what a sweep found, as one page that needs nothing else, no network either."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jinja2

from retrain.files import write_text
from retrain.report.axis import Axis
from retrain.report.sweep_plots import against, bars, best_so_far, parallel
from retrain.report.sweep_table import TrialRow, as_figure, note, short, short_names

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("retrain.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
COLUMNS = ("accuracy", "average_loss", "macro_f1", "expected_calibration_error")


class SweepPage(NamedTuple):
    """What is shown: the trials in their rank, the one that is chosen, an axis for each flag that varied."""

    rows: Sequence[TrialRow]
    chosen: TrialRow
    axes: Mapping[str, Axis]
    importances: Mapping[str, float]
    objective: str
    higher_is_better: bool


def write_sweep_page(path: str, page: SweepPage) -> None:
    """Plots and a table of all trials."""
    number, higher = page.chosen.number, page.higher_is_better
    finished = [row for row in page.rows if row.value is not None]
    text = TEMPLATES.get_template("sweep.html").render(
        page=page,
        finished=finished,
        tied=[row for row in page.rows if row.tied],
        failed=[row for row in page.rows if row.value is None],
        seconds=sum(row.seconds for row in page.rows),
        best_so_far=best_so_far(page.rows, number, page.objective, higher),
        parallel=parallel(page.rows, number, page.axes, page.objective, higher),
        against={
            name: against(page.rows, number, name, axis, objective=page.objective, higher=higher)
            for name, axis in page.axes.items()
        },
        bars=bars(page.importances) if page.importances else None,
        figure=as_figure,
        short=short,
        note=note,
        names={name: short_names(row.flags[name] for row in page.rows) for name in page.axes},
        columns=[
            name
            for name in COLUMNS
            if name in page.chosen.figures and name != page.objective.partition("/")[2]
        ],
    )
    write_text(path, text)
