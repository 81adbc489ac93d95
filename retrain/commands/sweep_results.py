"""From the study to what people read: the trials in their rank, and which are tied with the best."""

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import optuna

from retrain.heads.metrics import NORMAL_95
from retrain.report.sweep_page import write_sweep_page
from retrain.report.sweep_table import TrialRow, write_sweep_table
from retrain.sweep.objective import Objective
from retrain.sweep.ranking import Judged, ranked, tied, winner
from retrain.sweep.record import Record, decoded, flags_of
from retrain.sweep.space import Space
from retrain.sweep.study import finished


class Results(NamedTuple):
    """Finished trials, the best first, failed ones last, and the one that is chosen, if there is one."""

    rows: list[TrialRow]
    winner: TrialRow | None


def results(study: optuna.Study, space: Space, objective: Objective, prefer: str) -> Results:
    """All that is known so far."""
    trials = {trial.number: trial for trial in finished(study)}
    records = {number: decoded(trial) for number, trial in trials.items()}
    ranking = ranked(
        [Judged(n, of.value, of.scores, of.cost) for n, of in records.items() if of.value is not None],
        objective.direction,
    )
    among = tied(ranking)
    failed = [number for number, record in records.items() if record.value is None]
    rows = [
        _row(number, flags_of(trials[number], space), records[number], objective, number in among)
        for number in [*(judged.number for judged in ranking), *failed]
    ]
    chosen = winner(ranking, prefer).number if ranking else None
    return Results(rows, next((row for row in rows if row.number == chosen), None))


def write_results(run: str, found: Results) -> None:
    """sweep.csv, as far as the sweep has come."""
    write_sweep_table(os.path.join(run, "sweep.csv"), found.rows)


def write_page(run: str, found: Results, objective: Objective) -> None:
    """sweep.html, of all trials."""
    write_sweep_page(
        os.path.join(run, "sweep.html"), found.rows, found.winner.number, objective.name, objective.direction
    )


def _row(
    number: int, flags: Mapping[str, Any], record: Record, objective: Objective, is_tied: bool
) -> TrialRow:
    status = "failed" if record.value is None else "finished"
    figures = {key: value for key, value in record.figures.items() if not isinstance(value, list)}
    interval = record.figures.get(f"{objective.metric}_interval{objective.suffix}")
    if interval is None and objective.is_loss and len(record.scores):
        interval = _mean_interval(-record.scores)
    return TrialRow(
        number, status, flags, record.value, interval, figures, record.seconds, is_tied, record.reason
    )


def _mean_interval(values: np.ndarray) -> tuple[float, float]:
    half = NORMAL_95 * float(values.std()) / math.sqrt(len(values))
    return float(values.mean()) - half, float(values.mean()) + half
