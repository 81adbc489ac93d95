"""What a notebook shows of a run: the figures of each split, where everything is."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

from retrain.api.run_figures import figures_of, tasks_of
from retrain.heads.figure_splits import in_print
from retrain.report.pages import TEMPLATES


def as_html(path: pathlib.Path, metrics: Mapping[str, Any]) -> str:
    """A table: a row a split, of each task."""
    splits = [split for split, of in metrics.items() if isinstance(of, Mapping)]
    rows = [
        (in_print(split), task or "", figures_of(metrics, split, task))
        for split in splits
        for task in tasks_of(metrics, split) or [None]
    ]
    report = path / "report.html"
    return TEMPLATES.get_template("run.html").render(
        path=os.fspath(path),
        rows=rows,
        several=any(task for _, task, _ in rows),
        report=report.as_uri() if report.is_file() else "",
    )
