"""The plots of report.html as Figures of matplotlib, drawn from the files of a run."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot
import pandas as pd
from matplotlib.figure import Figure

from retrain.api.run_figures import Certainty
from retrain.errors import InputError
from retrain.report import report_plots
from retrain.report.report_page import curves_of
from retrain.runs.run import Run


def confusion_matrix(counts: pd.DataFrame) -> Figure:
    """Rows are labels, columns what was predicted."""
    return _drawn(report_plots.confusion_matrix, counts.to_numpy(), [str(name) for name in counts.columns])


def calibration(certainty: Certainty) -> Figure:
    """How sure a classifier is, and how often right."""
    return _drawn(report_plots.reliability, {"as exported": certainty})


def curves(run: Run) -> Figure:
    """Loss and accuracy by step."""
    axes = curves_of(run)
    if not axes:
        raise InputError(f"{str(run)!r} has no curves: it was looked at once, at its end.")
    return _drawn(report_plots.learning_curves, axes)


def _drawn(plot: Callable[..., str], *arguments: Any) -> Figure:
    """By pyplot, so that a notebook knows how to show it; closed, so that it does not show it twice."""
    with matplotlib.rc_context({"text.parse_math": False}):  # names have dollars
        figure = matplotlib.pyplot.figure(layout="constrained")
        plot.__wrapped__(figure, *arguments)
    matplotlib.pyplot.close(figure)
    return figure
