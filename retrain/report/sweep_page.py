"""sweep.html: what a sweep found, as one page that needs nothing else, no network either."""

from collections.abc import Mapping

from retrain.files import write_text
from retrain.report.found_in_sweep import BEGIN, END
from retrain.report.pages import TEMPLATES
from retrain.report.sweep_plots import Trials, against, bars, best_so_far, parallel
from retrain.report.sweep_table import as_figure, note, short, short_names
from retrain.settings.needs import costs_differ

COLUMNS = ("accuracy", "average_loss", "macro_f1", "expected_calibration_error")


def write_sweep_page(path: str, trials: Trials, importances: Mapping[str, float]) -> None:
    """Plots and a table of all trials; where they are known, the share of each flag in the differences."""
    rows, [chosen] = trials.rows, [row for row in trials.rows if row.number == trials.chosen]
    ranked_by = trials.objective.partition("/")[2]
    text = TEMPLATES.get_template("sweep.html").render(
        trials=trials,
        rows=rows,
        chosen=chosen,
        tied=[row for row in rows if row.tied],
        best_so_far=best_so_far(trials),
        parallel=parallel(trials),
        against=[against(trials, name) for name in trials.scales],
        bars=bars(importances) if importances else None,
        figure=as_figure,
        cheaper=costs_differ(trials.scales),
        short=short,
        note=note,
        names={name: short_names(row.flags[name] for row in rows) for name in trials.scales},
        begin=BEGIN,
        end=END,
        columns=[name for name in COLUMNS if name in chosen.figures and name != ranked_by],
    )
    write_text(path, text)
